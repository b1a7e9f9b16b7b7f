"""Job runs, item runs and tries."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import Model, Record
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.status import Action, JobStatus, Reason


class Fingerprint(Model):
    """What decides a job's result, in parts so that a plan can say which part changed. Each is a digest.

    `params` covers only the parameters that the job's expressions read; `inputs` the outputs of
    predecessors that they read. A part that had no say, as code has none in a job that was skipped, is
    empty.
    """

    definition: str
    code: str
    params: str
    inputs: str | None = None


class Gate(Model):
    """The question before the operations of a job: asked as a stored plan, open until `expires_at`.

    `token` is what the machine waits with; `approved` None while nobody has decided.
    """

    plan_id: str
    message: str
    expires_at: datetime
    token: str | None = None
    approved: bool | None = None
    decided_by: str | None = None


class JobRun(Record):
    """A job in one attempt, or one item of a map job (`item` is its key, "" for the job itself).

    `index` is the place of an item in its list; `items` the number of items of a map job, known once it
    has begun, `slots` how many of its calls may run at once, and `elastic` whether that can become more
    while it runs. `position` counts jobs in definition order.
    `origin` is the attempt that produced the result (a reused job names an earlier one), `origin_job` the
    name that the job had then, where it has been renamed since. `token` is the
    callback token of its `begin`, kept until the job ends, so that a call that was cut short can answer
    again. `cache_key` names what decided the result of a job with `cache`.
    """

    session_id: str
    run_id: str
    attempt: int
    job: str
    item: str = ""
    index: int | None = None
    items: int | None = None
    slots: int = 1
    elastic: bool = False
    position: int = 0
    status: JobStatus = JobStatus.PENDING
    action: Action
    reason: Reason
    detail: str = ""
    origin: int
    origin_job: str = ""
    stale: bool = False
    stale_reason: str = ""
    warning: bool = False
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    token: str | None = None
    input: Payload | None = None
    output: Payload | None = None
    failure: Failure | None = None
    fingerprint: Fingerprint | None = None
    gate: Gate | None = None
    cache_key: str | None = None

    @property
    def made_at(self) -> tuple[str, str, int, str]:
        """Session, run, attempt and job under which the items and tries of the result are kept."""
        return self.session_id, self.run_id, self.origin, self.origin_job or self.job


class Try(Record):
    """One call of one operation: a Retry makes a new one. `log` is the key of its log.

    `max_memory` is in MiB, `duration` in seconds.
    """

    session_id: str
    run_id: str
    attempt: int
    job: str
    item: str = ""
    operation: int = 0
    number: int = 1
    status: JobStatus = JobStatus.RUNNING
    started_at: datetime
    finished_at: datetime | None = None
    log: str
    duration: float | None = None
    max_memory: int | None = None
    code: str | None = None
    failure: Failure | None = None
