"""A person decides on the gate of a job."""

from __future__ import annotations

from bunsui.core.control.approvals import APPROVAL_DENIED
from bunsui.core.control.launch import advance, failed
from bunsui.core.control.others import follow_up
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.models.status import JobStatus
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import JobEvent
from bunsui.errors import Conflict


async def decide_gate(ports: ControlPorts, plan_id: str, *, by: str, how: str, approve: bool) -> StoredPlan:
    """Open the gate of a job, or fail the job; the decision and what follows are one commit.

    Raises NotFound; Conflict where the job waits no longer or somebody else has decided.
    """

    async def step() -> tuple[Scene, StoredPlan]:
        plan = await ports.store.plans.plan(plan_id)
        scene = await read_scene(ports, _place(plan))
        job = _waiting(scene, plan)
        scene.put(_decided(scene, job, by=by, approve=approve))
        state = PlanState.APPROVED if approve else PlanState.DENIED
        settled: StoredPlan = plan.next(state=state, decided_by=by, decided_how=how, decided_at=scene.at)
        scene.extra.append(settled)
        await advance(ports, scene)
        await commit_scene(ports, scene)
        return scene, settled

    scene, settled = await retried(step)
    await follow_up(ports, scene, scene.decided)
    return settled


def _place(plan: StoredPlan) -> Place:
    given = plan.arguments
    number = int(str(given["attempt"]))
    return Place(str(given["session"]), str(given["run"]), number, str(given["job"]))


def _waiting(scene: Scene, plan: StoredPlan) -> JobRun:
    job = scene.job(str(plan.arguments["job"]))
    if job.status is not JobStatus.WAITING or plan.state is not PlanState.PENDING:
        state = job.status.value
        raise Conflict(
            f"Nothing waits for {plan.id} any more: it is {plan.state.value}, the job is {state}.",
            next_steps=[f"Look at it: bunsui session show {scene.session.id}"],
            details={"plan_id": plan.id, "state": plan.state.value, "job": state},
        )
    return job


def _decided(scene: Scene, job: JobRun, *, by: str, approve: bool) -> JobRun:
    gate = job.gate.model_copy(update={"approved": approve, "decided_by": by}) if job.gate else None
    if approve:
        after: JobRun = job.next(gate=gate)
        return after
    failure = Failure(error=APPROVAL_DENIED, cause=f"{by} said no")
    return failed(scene, job, JobEvent.FAILED, failure).model_copy(update={"gate": gate})
