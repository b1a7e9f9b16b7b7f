"""Business keys: one session at a time holds one, until it has succeeded or was stopped."""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.models.session import KeyClaim, Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import SessionQuery, Store
from bunsui.errors import Conflict, UsageError

RELEASING = (Status.SUCCEEDED, Status.STOPPED)


def check_words(key: str | None, tags: Mapping[str, str]) -> None:
    """Check what a session is found by. Raises UsageError for what looks like another key or tag."""
    if key is not None and (not key.isprintable() or key != key.strip() or not key):
        raise UsageError(
            f"The key {key!r} has blanks around it or characters that cannot be seen: it would not be the "
            "key that it looks like.",
            next_steps=["Give the plain text, for instance --key 2026-11-22"],
        )
    for name in tags:
        if not name.isprintable() or not name.strip() or "=" in name:
            raise UsageError(
                f"{name!r} is no name of a tag: it takes visible characters, and no '='.",
                next_steps=["For instance --tag team=data"],
            )


async def check_key(store: Store, profile: str, key: str | None, *, allow_duplicate: bool) -> None:
    """Raises Conflict, naming the session, when the key is in use and no duplicate is allowed."""
    if key is None or allow_duplicate:
        return
    holder = await holding(store, profile, key)
    if holder is not None:
        raise Conflict(
            f"Session {holder.id} has the key {key!r} and is {holder.status.value}; "
            f"{holder.created_by} started it at {holder.created_at:%Y-%m-%d %H:%M:%S} UTC.",
            next_steps=[
                f"Rerun it: bunsui session rerun {holder.id}",
                f"Give it up: bunsui session stop {holder.id}",
                "Start beside it with --allow-duplicate.",
            ],
            details={"session": holder.id, "key": key, "status": holder.status.value},
        )


async def holding(store: Store, profile: str, key: str) -> Session | None:
    """The newest session with the key that has neither succeeded nor was stopped."""
    cursor: str | None = None
    while True:
        page = await store.sessions.find(SessionQuery(profile=profile, key=key, cursor=cursor))
        for session in page.items:
            if session.status not in RELEASING:
                return session
        cursor = page.cursor
        if cursor is None:
            return None


async def claim_for(store: Store, session: Session) -> KeyClaim | None:
    """The claim that the session should commit; None where it has no key or another holds it."""
    if session.key is None or await store.sessions.claim(session.profile, session.key):
        return None
    return KeyClaim(profile=session.profile, key=session.key, session_id=session.id)


async def claim_to_release(store: Store, session: Session) -> list[KeyClaim]:
    """The claim that goes with the end of the session, if that is one which releases it."""
    if session.key is None or session.status not in RELEASING:
        return []
    claim = await store.sessions.claim(session.profile, session.key)
    return [claim] if claim and claim.session_id == session.id else []
