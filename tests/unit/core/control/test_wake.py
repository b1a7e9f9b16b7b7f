"""Answering tokens: once, and so that nobody waits for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.control.scene import Place, Scene, read_scene
from bunsui.core.control.wake import wake
from bunsui.core.models.job import Gate, JobRun
from bunsui.core.models.status import JobStatus
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from tests.unit.core.records import later
from tests.unit.core.world import World


async def scene(folder: Path) -> tuple[World, Scene]:
    world = World(folder)
    world.write({"a": {}})
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    return world, await read_scene(world.control, Place(session, "taxi", 1))


def waiting(scene: Scene, status: JobStatus, **more: object) -> JobRun:
    return scene.job("a").model_copy(update={"status": status, "token": "t", **more})


@pytest.mark.parametrize("status", list(JobStatus))
async def test_only_what_was_decided_is_answered(tmp_path: Path, status: JobStatus) -> None:
    world, found = await scene(tmp_path)
    await wake(world.control, found, [waiting(found, status)])
    asking = status in (JobStatus.PENDING, JobStatus.QUEUED)
    assert ("t" in world.engine.answers) is not asking
    if status.ended:
        assert world.engine.answers["t"] == {"action": "pass"}


@pytest.mark.parametrize("how", ["answered", "expired", "none"])
async def test_a_token_that_nobody_waits_with_is_passed_over(tmp_path: Path, how: str) -> None:
    world, found = await scene(tmp_path)
    if how == "answered":
        world.engine.answers["t"] = "first"
    if how == "expired":
        world.engine.expired.add("t")
    token = None if how == "none" else "t"
    await wake(world.control, found, [waiting(found, JobStatus.SKIPPED, token=token)])
    assert world.engine.answers == ({"t": "first"} if how == "answered" else {})
    assert world.engine.executions[found.attempt.execution].status == "RUNNING"


async def test_a_wake_up_that_fails_ends_the_attempt_with_its_reason(tmp_path: Path) -> None:
    world, found = await scene(tmp_path)
    world.engine.down = True
    await wake(world.control, found, [waiting(found, JobStatus.SKIPPED)])
    execution = world.engine.executions[found.attempt.execution]
    assert execution.failure is not None
    assert execution.failure.error == "Bunsui.WakeUpFailed"
    assert execution.failure.cause == "a could not be told to go: The engine is down."


@pytest.mark.parametrize(("approved", "answered"), [(None, False), (True, True), (False, True)])
async def test_a_gate_is_answered_when_it_was_decided(
    tmp_path: Path, approved: bool | None, answered: bool
) -> None:
    world, found = await scene(tmp_path)
    gate = Gate(plan_id="p", message="Go?", expires_at=later(60), token="g", approved=approved)
    job = waiting(found, JobStatus.WAITING, gate=gate, token=None)
    await wake(world.control, found, [job])
    assert ("g" in world.engine.answers) is answered
