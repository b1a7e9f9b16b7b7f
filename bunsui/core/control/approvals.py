"""Approval gates: a job asks a person before its operations; the question is a stored plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import Gate, JobRun
from bunsui.core.models.plan import Effect, PlanState, StoredPlan
from bunsui.core.pipeline import Bindings, render
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.core.text import clean
from bunsui.errors import InternalError

GATE_TOOL = "job_approve"
"""What the plan of a gate has in place of a tool: nobody calls it, deciding lets the job go on."""

APPROVAL_TIMEOUT = "approval_timeout"
APPROVAL_DENIED = "approval_denied"
MESSAGE_CHARACTERS = 500
TITLE_CHARACTERS = 100
_LINE = "\n"


def needs_asking(scene: Scene, job: JobRun) -> bool:
    """Whether the job has a gate that nobody has opened in this attempt."""
    approval = scene.definition.pipeline.jobs[job.job].approval
    return approval is not None and not (job.gate and job.gate.approved)


def asked(scene: Scene, job: JobRun, bindings: Bindings) -> JobRun:
    """The job as waiting for a person, the question beside it. Raises RunFailed for the message."""
    approval = scene.definition.pipeline.jobs[job.job].approval
    if approval is None:
        raise InternalError(f"Job {job.job} has no gate.")
    message = clean(render(approval.message, bindings), limit=MESSAGE_CHARACTERS)
    gate = Gate(
        plan_id=gate_id(job), message=message, expires_at=scene.at + timedelta(seconds=approval.timeout)
    )
    scene.extra.append(_question(scene, job, gate))
    return job_after(job, JobEvent.ASKED, scene.at, gate=gate)


def gate_id(job: JobRun) -> str:
    """Id of the plan that a job's gate is: the same for the same attempt, and no other's."""
    return f"g-{digest([job.session_id, job.run_id, job.attempt, job.job])[:16]}"


async def gate_used(ports: ControlPorts, scene: Scene, job: JobRun) -> None:
    """Mark the question as used, with the start of the job that it let go."""
    if job.gate and job.gate.approved:
        plan = await ports.store.plans.plan(job.gate.plan_id)
        scene.extra.append(plan.next(state=PlanState.USED, used_at=scene.at))


def seconds_left(gate: Gate, now: datetime) -> int:
    """How long the machine should wait for an answer: whole seconds, at least one."""
    return max(1, -((now - gate.expires_at) // timedelta(seconds=1)))


def _question(scene: Scene, job: JobRun, gate: Gate) -> StoredPlan:
    place: dict[str, JsonValue] = {
        "session": job.session_id,
        "run": job.run_id,
        "attempt": job.attempt,
        "job": job.job,
    }
    key = f", key {scene.session.key}" if scene.session.key else ""
    body: JsonValue = {**place, "message": gate.message}
    return StoredPlan(
        id=gate.plan_id,
        tool=GATE_TOOL,
        effect=Effect.SPEND,
        profile=scene.session.profile,
        arguments=place,
        title=f"{job.run_id}/{job.job}: {gate.message.partition(_LINE)[0][:TITLE_CHARACTERS]}",
        text=(
            f"job {job.job} of run {job.run_id} begins (session {job.session_id}{key})",
            *(f"the job says: {line}" for line in gate.message.splitlines()),
        ),
        body=body,
        digest=digest(body),
        created_by=scene.attempt.created_by or "bunsui",
        created_at=scene.at,
        expires_at=gate.expires_at,
    )
