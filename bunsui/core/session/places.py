"""How many runs of a session go at once."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.models.session import Run, Session
from bunsui.core.models.status import Status


def startable(session: Session, runs: Iterable[Run]) -> list[Run]:
    """The runs that have not begun and may, in order. One that was started and has not begun is among them.

    So the answer is the same for whoever asks at the same time, and starting twice is starting once.
    """
    kept = list(runs)
    created = [run for run in kept if run.status is Status.CREATED]
    if session.max_concurrent_runs is None:
        return created
    busy = sum(not run.status.ended and run.status is not Status.CREATED for run in kept)
    return created[: max(0, session.max_concurrent_runs - busy)]
