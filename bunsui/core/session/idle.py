"""Whether a session can take a rerun, and if not, who is at it."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.models.session import Run, Session
from bunsui.core.ports.store import Store
from bunsui.errors import Conflict


async def check_idle(store: Store, session: Session, runs: Iterable[Run]) -> None:
    """Raises Conflict that says who started what, when an attempt of the session has not ended."""
    for run in runs:
        if run.status.ended:
            continue
        attempt = await store.sessions.attempt(session.id, run.id, run.attempt)
        what = "start" if attempt.strategy == "start" else f"rerun ({attempt.strategy})"
        raise Conflict(
            f"Session {session.id} is {session.status.value}: attempt {attempt.number} of run {run.id}, "
            f"a {what} by {attempt.created_by} at {attempt.created_at:%Y-%m-%d %H:%M:%S} UTC, has not ended.",
            next_steps=[
                *([f"Let it go on: bunsui session resume {session.id}"] if session.pause else []),
                f"Wait for it: bunsui session show {session.id} --watch",
                f"Or stop it: bunsui session stop {session.id}",
            ],
            details={
                "session": session.id,
                "run": run.id,
                "attempt": attempt.number,
                "by": attempt.created_by,
                "what": what,
            },
        )
