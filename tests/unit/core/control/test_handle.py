"""Control, served to machines that are walked in any order, with calls that come twice."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.core.control.handle import attempt_ended, handle
from bunsui.core.control.secrets import placeholder, substitute
from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus, Reason, Status
from bunsui.core.ports.exchange import Slot
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.core.session.view import session_view
from bunsui.errors import InternalError, PermissionDenied, Unavailable, UsageError
from tests.unit.core.world import TAXI, Machine, World, failing, having


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(TAXI)
    return made


async def begun(world: World, **request: Any) -> tuple[str, Machine]:
    asked = StartRequest(profile="local", pipelines=(str(world.file),), **request)
    session_id = (await start(world.ports, asked, by="ada")).session_id
    execution = world.engine.starts[-1].name
    return session_id, Machine(world, session_id, "taxi", 1, execution)


async def call(world: World, session_id: str, op: str, job: str = "", **more: Any) -> Any:
    payload = {"op": op, "session": session_id, "run": "taxi", "attempt": 1, "job": job, **more}
    return await handle(world.control, payload)


@settings(max_examples=settings().max_examples // 4)
@given(
    seed=st.integers(0, 10_000),
    bad=st.sets(st.sampled_from(sorted(TAXI))),
    repeat=st.sampled_from([0.0, 0.6]),
)
def test_any_order_and_any_repetition_end_the_same(seed: int, bad: set[str], repeat: float) -> None:
    async def walk(folder: Path, chance: random.Random, again: float) -> dict[str, Any]:
        world = World(folder, random=chance, outcomes=failing(*bad))
        world.outcomes |= {job: job for job in TAXI if job not in bad}
        world.write(TAXI, output={"h": "{% $jobs.h %}"})
        session_id, machine = await begun(world)
        machine.repeat = again
        await machine.walk()
        assert len(world.calls) == len(set(world.calls))
        shown = await session_view(world.ports, session_id)
        return shown.model_dump(
            mode="json", include={"status": True, "runs": {"__all__": {"status", "output", "jobs"}}}
        )

    def without_times(shown: dict[str, Any]) -> dict[str, Any]:
        for job in shown["runs"][0]["jobs"]:
            del job["started_at"], job["finished_at"]
        return shown

    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        plain = asyncio.run(walk(Path(one), random.Random(0), 0.0))
        mixed = asyncio.run(walk(Path(other), random.Random(seed), repeat))
    assert without_times(mixed) == without_times(plain)


async def test_inputs_come_from_parameters_and_predecessors(world: World) -> None:
    world.write(
        {
            "a": {"lambda": {"handler": "handlers:run", "input": {"m": "{% $params.month %}"}}},
            "b": {"lambda": {"handler": "handlers:run", "input": {"path": "{% $jobs.a.path & '!' %}"}}},
        },
        params={"month": {"type": "string"}},
        output={"last": "{% $jobs.b %}"},
    )
    world.outcomes = {"a": {"path": "x"}, "b": 42}
    session_id = await world.start(params={"month": "2019-03"}, key="k")
    assert world.seen["a"]["operations"][0]["payload"] == {"m": "2019-03"}
    assert world.seen["b"]["operations"][0]["payload"] == {"path": "x!"}
    custom = json.loads(base64.b64decode(world.seen["b"]["operations"][0]["client_context"]))["custom"]
    assert (custom["session"], custom["attempt"], custom["job"]) == (session_id, 1, "b")
    assert (await session_view(world.ports, session_id)).runs[0].output == {"last": 42}


async def test_the_idempotency_key_is_the_same_over_reruns(world: World) -> None:
    def key() -> str:
        context = base64.b64decode(world.seen["d"]["operations"][0]["client_context"])
        return str(json.loads(context)["custom"]["idempotency_key"])

    world.outcomes = failing("d")
    session_id = await world.start()
    first = key()
    await world.rerun(session_id)
    assert key() == first


async def test_a_container_reads_and_leaves_its_values_in_the_exchange(world: World) -> None:
    world.write(
        {
            "a": {
                "ecs": {
                    "image": "clean",
                    "command": ["run", "{% $params.n %}"],
                    "env": {"N": "{% $params.n %}"},
                    "input": {"n": "{% $params.n %}"},
                }
            }
        },
        params={"n": {"type": "integer"}},
    )
    session_id, machine = await begun(world, params={"n": "5"})
    slot = Slot(session_id=session_id, run_id="taxi", attempt=1, job="a")
    world.exchange.outputs[slot] = {"rows": 7}
    await machine.walk()
    overrides = world.seen["a"]["operations"][0]["overrides"]
    main = overrides["ContainerOverrides"][0]
    env = {one["Name"]: one["Value"] for one in main["Environment"]}
    assert (overrides["Cpu"], overrides["Memory"], main["Command"]) == ("256", "512", ["run", "5"])
    assert (env["N"], env["BUNSUI_JOB"], env["BUNSUI_INPUT"]) == (
        "5",
        "a",
        f"memory://input/{session_id}/taxi/1/a//0",
    )
    assert world.exchange.inputs[slot] == {"n": 5}
    job = (await world.jobs(session_id))["a"]
    assert job.output is not None
    assert job.output.value == {"rows": 7}


async def test_large_values_travel_by_reference(world: World) -> None:
    world.write(
        {"a": {}, "b": {"lambda": {"handler": "handlers:run", "input": "{% $jobs.a %}"}}},
    )
    world.outcomes = {"a": {"text": "x" * 300_000}}
    session_id = await world.start()
    payload = world.seen["b"]["operations"][0]["payload"]
    assert payload["bunsui:blob"]["size"] == len(world.blobs.data[payload["bunsui:blob"]["key"]])
    output = (await world.jobs(session_id))["a"].output
    assert output is not None
    assert (output.blob, output.value) == (payload["bunsui:blob"]["key"], None)


async def test_an_output_that_came_as_a_marker_is_the_value_behind_it(world: World) -> None:
    key = await world.blobs.put(b'{"n":1}')
    world.write({"a": {}, "b": {"lambda": {"handler": "handlers:run", "input": "{% $jobs.a.n %}"}}})
    world.outcomes = {"a": {"bunsui:blob": {"key": key, "size": 7, "digest": key}}}
    await world.start()
    assert world.seen["b"]["operations"][0]["payload"] == 1


def nested(levels: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("output", [nested(400), 2**70, "half of a pair: \ud800"])
async def test_an_output_that_no_record_can_hold_fails_its_job_and_no_other(
    world: World, output: JsonValue
) -> None:
    world.write({"a": {}, "b": {}, "c": {"needs": ["b"]}})
    world.outcomes = {"a": output}
    session_id = await world.start()
    failure = (await world.jobs(session_id))["a"].failure
    assert failure is not None
    assert failure.error == "Bunsui.InvalidOutput"
    assert failure.cause.startswith("the value cannot be recorded: ")
    assert await world.statuses(session_id) == {"a": "failed", "b": "succeeded", "c": "succeeded"}


async def test_an_expression_that_fails_fails_its_job(world: World) -> None:
    world.write({"a": {}, "b": {"lambda": {"handler": "handlers:run", "input": "{% $jobs.a.none %}"}}})
    session_id = await world.start()
    job = (await world.jobs(session_id))["b"]
    assert job.failure is not None
    assert (job.status, job.failure.error) == (JobStatus.FAILED, "States.QueryEvaluationError")
    assert world.calls == ["a"]


async def test_with_on_failure_stop_nothing_begins_after_a_failure(world: World) -> None:
    world.write({"a": {}, "b": {}, "c": {"needs": ["b"]}}, on_failure="stop", max_concurrency=1)
    session_id, _ = await begun(world)
    for job in "abc":
        await call(world, session_id, "begin", job, token=job)
    await call(world, session_id, "finish", "a", outcome={"error": "Boom"})
    jobs = await world.jobs(session_id)
    assert [jobs[job].status.value for job in "abc"] == ["failed", "stopped", "upstream_failed"]
    assert world.engine.answers["c"] == {"action": "pass"}
    failure = jobs["b"].failure
    assert failure is not None
    assert failure.cause == "a failed, and on_failure is stop"


async def test_a_warning_is_counted_and_does_not_block(world: World) -> None:
    world.write({"a": {"severity": "warning"}, "b": {"needs": ["a"]}})
    world.outcomes = failing("a")
    session_id = await world.start()
    assert await world.statuses(session_id) == {"a": "failed", "b": "succeeded"}
    session = await world.store.sessions.session(session_id)
    assert (session.status, session.warnings) == (Status.SUCCEEDED, 1)


async def test_a_branch_not_taken_is_skipped_and_a_later_one_supersedes(world: World) -> None:
    branches: dict[str, dict[str, Any]] = {
        "a": {},
        "yes": {"when": "{% $jobs.a.good %}"},
        "after": {"needs": ["yes"]},
        "no": {"when": "{% $not($jobs.a.good) %}"},
        "join": {"needs": ["after", "no"]},
    }
    world.write(branches)
    world.ports = type(world.ports)(**{**_fields(world.ports), "backend": "aws"})
    world.outcomes = {"a": {"good": False}}
    session_id = await world.start()
    jobs = await world.jobs(session_id)
    assert having(jobs, JobStatus.SKIPPED) == {"yes", "after"}
    assert (await world.store.sessions.session(session_id)).status is Status.SUCCEEDED
    world.outcomes = {"a": {"good": True}}
    await world.rerun(session_id, jobs=("a",))
    jobs = await world.jobs(session_id)
    assert having(jobs, JobStatus.SKIPPED) == {"no"}
    assert jobs["no"].reason is Reason.SUPERSEDED
    assert set(world.calls) == {"a", "yes", "after", "join"}


def _fields(ports: Any) -> dict[str, Any]:
    return {name: getattr(ports, name) for name in ports.__dataclass_fields__}


async def test_a_job_is_queued_when_it_has_all_it_needs_however_early_its_machine_asks(world: World) -> None:
    world.write({"a": {}, "b": {}, "c": {"needs": ["a", "b"]}}, max_concurrency=1)
    session_id, _ = await begun(world)
    for job in "cab":
        await call(world, session_id, "begin", job, token=job)
    assert await world.statuses(session_id) == {"a": "running", "b": "queued", "c": "pending"}
    await call(world, session_id, "finish", "a", outcome={"output": 1})
    assert await world.statuses(session_id) == {"a": "succeeded", "b": "running", "c": "pending"}
    await call(world, session_id, "finish", "b", outcome={"output": 1})
    assert await world.statuses(session_id) == {"a": "succeeded", "b": "succeeded", "c": "running"}
    waited = (await world.jobs(session_id))["c"]
    assert waited.queued_at == waited.started_at


@pytest.mark.parametrize("limit", [1, 2])
async def test_never_more_at_once_than_the_pipeline_allows(world: World, limit: int) -> None:
    world.write({name: {} for name in "abcd"}, max_concurrency=limit)
    session_id, _ = await begun(world)
    for job in "dcba":
        await call(world, session_id, "begin", job, token=job)
    jobs = await world.jobs(session_id)
    assert having(jobs, JobStatus.RUNNING) == set("dcba"[:limit])
    await call(world, session_id, "finish", "d", outcome={"output": 1})
    assert len(having(await world.jobs(session_id), JobStatus.RUNNING)) == limit
    assert "a" in having(await world.jobs(session_id), JobStatus.RUNNING)


async def test_calls_at_once_lose_no_wake_up(world: World) -> None:
    world.write({"a": {}, "b": {}, "c": {"needs": ["a", "b"]}})
    session_id, _ = await begun(world)
    await asyncio.gather(*(call(world, session_id, "begin", job, token=job) for job in "abc"))
    await asyncio.gather(*(call(world, session_id, "finish", job, outcome={"output": 1}) for job in "ab"))
    answer: Any = world.engine.answers["c"]
    assert answer["action"] == "run"


async def test_an_answer_that_was_cut_short_is_given_by_the_repeated_call(world: World) -> None:
    world.write({"a": {}, "b": {"needs": ["a"]}})
    session_id, _ = await begun(world)
    for job in "ab":
        await call(world, session_id, "begin", job, token=job)
    await call(world, session_id, "finish", "a", outcome={"output": 1})
    del world.engine.answers["b"]
    await call(world, session_id, "finish", "a", outcome={"output": 1})
    assert "b" in world.engine.answers


async def test_the_newest_token_is_answered(world: World) -> None:
    world.write({"a": {}, "b": {"needs": ["a"]}})
    session_id, _ = await begun(world)
    await call(world, session_id, "begin", "b", token="old")
    await call(world, session_id, "begin", "b", token="new")
    await call(world, session_id, "begin", "a", token="a")
    await call(world, session_id, "finish", "a", outcome={"output": 1})
    assert sorted(world.engine.answers) == ["a", "new"]


async def test_an_expired_token_is_passed_over(world: World) -> None:
    world.write({"a": {}})
    session_id, machine = await begun(world)
    world.engine.expired.add("t")
    await call(world, session_id, "begin", "a", token="t")
    assert world.engine.executions[machine.execution].status == "RUNNING"


async def test_a_wake_up_that_fails_fails_the_attempt(world: World) -> None:
    world.write({"a": {}})
    session_id, machine = await begun(world)
    world.engine.down = True
    await call(world, session_id, "begin", "a", token="t")
    execution = world.engine.executions[machine.execution]
    assert execution.status == "ABORTED"
    await machine._closed()
    attempt = await world.store.sessions.attempt(session_id, "taxi", 1)
    assert attempt.failure is not None
    assert (attempt.status, attempt.failure.error) == (Status.FAILED, "Bunsui.WakeUpFailed")


@pytest.mark.parametrize(
    "status, running, queued",
    [
        (Status.STOPPED, JobStatus.STOPPED, JobStatus.STOPPED),
        (Status.FAILED, JobStatus.FAILED, JobStatus.STOPPED),
        (Status.TIMED_OUT, JobStatus.TIMED_OUT, JobStatus.STOPPED),
    ],
)
async def test_an_attempt_that_ended_outside_is_closed_once(
    world: World, status: Status, running: JobStatus, queued: JobStatus
) -> None:
    world.write({"a": {}, "b": {"needs": ["a"]}})
    session_id, _ = await begun(world)
    for job in "ab":
        await call(world, session_id, "begin", job, token=job)
    failure = Failure(error="States.Runtime", cause="why")
    for _ in range(2):
        await attempt_ended(world.control, session_id, "taxi", 1, status, failure)
    jobs = await world.jobs(session_id)
    assert (jobs["a"].status, jobs["b"].status) == (running, queued)
    assert (await world.store.sessions.session(session_id)).status is status
    kinds = [event.kind for event in await world.store.events.events(session_id)]
    assert kinds.count(f"session.{status.value}") == 1
    await call(world, session_id, "finish", "a", outcome={"output": 1})
    assert await call(world, session_id, "end") == {
        "status": "failed",
        "error": "States.Runtime",
        "cause": "why",
    }


async def test_end_is_answered_again_as_it_was(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    answers = [await call(world, session_id, "end") for _ in range(2)]
    assert answers == [{"status": "failed", "error": "JobsFailed", "cause": "d: Boom: d broke"}] * 2


async def test_calls_that_no_machine_sends_are_refused(world: World) -> None:
    session_id, _ = await begun(world)
    with pytest.raises(UsageError):
        await handle(world.control, {"op": "begin"})
    with pytest.raises(UsageError):
        await call(world, session_id, "dance", "a")
    with pytest.raises(InternalError):
        await call(world, session_id, "begin", "nobody", token="t")
    with pytest.raises(InternalError):
        await call(world, session_id, "finish", "a", outcome={})


async def test_a_secret_is_a_reference_in_every_record(world: World) -> None:
    given = {"url": "{% 'db://u:' & $params.password & '@h' %}"}
    world.write(
        {"a": {"lambda": {"handler": "handlers:run", "input": given}}},
        params={"password": {"type": "secret"}},
    )
    session_id = await world.start(params={"password": "env:DB_PASSWORD"})
    payload = world.seen["a"]["operations"][0]["payload"]
    assert payload == {"url": f"db://u:{placeholder('env:DB_PASSWORD')}@h"}
    told = substitute(payload, {"env:DB_PASSWORD"}, lambda reference: "hunter2")
    assert told == {"url": "db://u:hunter2@h"}
    assert (await world.store.sessions.run(session_id, "taxi")).params == {"password": "env:DB_PASSWORD"}


def test_data_cannot_ask_for_a_secret_of_others() -> None:
    with pytest.raises(PermissionDenied):
        substitute([placeholder("env:OTHER")], {"env:MINE"}, lambda reference: "x")


async def test_an_engine_that_is_down_leaves_a_record_to_start_from(world: World) -> None:
    world.engine.down = True
    with pytest.raises(Unavailable):
        await begun(world)
    assert [session.status for session in await world.store.sessions.active()] == [Status.CREATED]
