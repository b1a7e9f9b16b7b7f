"""Sessions, their runs, and the attempts at a run."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import JsonValue, Model, Record
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.plan import JobPlan
from bunsui.core.models.status import Status


class Pause(Model):
    """Who paused or stopped a session, when and why."""

    by: str
    at: datetime
    reason: str = ""


class Session(Record):
    """One managed unit of work: its runs, a business key and tags.

    `stopping` is set from the request to stop until a later rerun: nothing new begins while it is.
    """

    id: str
    profile: str
    key: str | None = None
    tags: dict[str, str] = {}
    status: Status = Status.CREATED
    warnings: int = 0
    stale: bool = False
    pipelines: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    created_by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    pause: Pause | None = None
    stopping: Pause | None = None
    max_concurrent_runs: int | None = None


class KeyClaim(Record):
    """Holds a business key for the one session that is neither succeeded nor stopped."""

    profile: str
    key: str
    session_id: str


class Overrides(Model):
    """Resources of a job that differ from its definition. No part of the fingerprint."""

    memory: int | None = None
    cpu: int | None = None
    timeout: float | None = None


class Run(Record):
    """One pipeline with its parameters in a session.

    `source` is the file it was started from (None: a registered version), `project` the folder that
    holds handlers and data, `definition` the version of the newest attempt, `attempt` its number.
    `params` holds secret parameters as the references that were given, never as values.
    """

    session_id: str
    id: str
    pipeline: str
    source: str | None = None
    project: str
    definition: str
    params: dict[str, JsonValue] = {}
    overrides: dict[str, Overrides] = {}
    status: Status = Status.CREATED
    attempt: int = 1
    warnings: int = 0
    stale: bool = False
    output: Payload | None = None


class Attempt(Record):
    """One execution of the state machine of a run.

    `execution` is the engine's name of it and derives from the plan, so that a repeated call cannot
    start twice. `jobs` is the plan of the attempt, job by job. Every change of one of its job runs
    also makes a new version of the attempt, so that two changes at once cannot miss each other.
    """

    session_id: str
    run_id: str
    number: int
    definition: str
    params: dict[str, JsonValue] = {}
    strategy: str = "start"
    plan_id: str | None = None
    execution: str
    status: Status = Status.CREATED
    jobs: dict[str, JobPlan]
    created_by: str = ""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: Failure | None = None
