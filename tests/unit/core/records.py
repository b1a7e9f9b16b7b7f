"""Records with as few words as a test needs: what is not said is the plainest that there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bunsui.core.models.base import Model, canonical_json, digest
from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.limit import Hold, Pool
from bunsui.core.models.payload import Payload
from bunsui.core.models.plan import Effect, StoredPlan
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import Action, JobStatus, Reason

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MARK = Fingerprint(definition="d1", code="c1", params="p1", inputs="i1")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def session(id: str = "s", **more: Any) -> Session:
    given = {"profile": "local", "run_ids": ("r",), "created_by": "ada", "created_at": NOW, "updated_at": NOW}
    return Session(id=id, **{**given, **more})


def run(id: str = "r", **more: Any) -> Run:
    given = {"session_id": "s", "pipeline": "p", "project": "/project", "definition": "v1"}
    return Run(id=id, **{**given, **more})


def attempt(number: int = 1, **more: Any) -> Attempt:
    given = {"session_id": "s", "run_id": "r", "definition": "v1", "created_by": "ada", "created_at": NOW}
    return Attempt(number=number, **{**given, "execution": f"s-r-{number}", "jobs": {}, **more})


def job(name: str = "a", status: JobStatus = JobStatus.PENDING, **more: Any) -> JobRun:
    given = {"session_id": "s", "run_id": "r", "attempt": 1, "origin": 1}
    plan = {"action": Action.RUN, "reason": Reason.NEW}
    return JobRun(job=name, status=status, **{**given, **plan, **more})


def payload(value: Any, blob: str | None = None) -> Payload:
    kept = None if blob else value
    return Payload(value=kept, blob=blob, size=len(canonical_json(value)), digest=digest(value))


def stored_plan(body: Model, **more: Any) -> StoredPlan:
    given = {
        "id": "p-1",
        "tool": "session_rerun",
        "effect": Effect.SPEND,
        "profile": "local",
        "arguments": {},
    }
    text = {"title": "t", "text": (), "body": body.model_dump(mode="json"), "digest": "d"}
    when = {"created_by": "ada", "created_at": NOW, "expires_at": later(600)}
    return StoredPlan(**{**given, **text, **when, **more})


def hold(job: str, since: float = 0, session: str = "s", **units: int) -> Hold:
    return Hold(session_id=session, run_id="r", attempt=1, job=job, units=units, since=later(since))


def pool(name: str = "db", size: int = 2, **more: Any) -> Pool:
    return Pool(profile="local", name=name, size=size, **more)
