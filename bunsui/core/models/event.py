"""What happened in a session, in order, for whoever follows it."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import JsonValue, Model


class SessionEvent(Model):
    """One change. `seq` counts per session from 1 and is given by the store when it is committed.

    `kind` is noun.verb: `session.created`, `attempt.started`, `job.queued`, `job.started`,
    `job.ended`, `try.started`, `try.ended`, `attempt.ended`, `session.ended`, ...
    """

    session_id: str
    seq: int = 0
    at: datetime
    kind: str
    run_id: str | None = None
    attempt: int | None = None
    job: str | None = None
    item: str | None = None
    data: dict[str, JsonValue] = {}
