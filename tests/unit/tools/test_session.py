"""The tools about sessions, over ports in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bunsui.core.models.plan import PlanState
from bunsui.core.models.status import JobStatus
from bunsui.errors import ApprovalRequired, Conflict, NotFound, PermissionDenied, UsageError
from bunsui.tools.context import Progress
from bunsui.tools.decision import decide
from bunsui.tools.invoke import invoke
from bunsui.tools.tool import ToolResult
from tests.unit.tools.helpers import MODEL, PERSON, kinds
from tests.unit.tools.project import Project

OK, FAILED, LOST = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST
BROKEN = {"fetch": OK, "clean": FAILED}


def actions(document: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["action"] for run in document["plan"]["runs"] for job in run["jobs"]}


async def planned_by_a_model(chain: Project, name: str, **given: Any) -> str:
    with pytest.raises(ApprovalRequired) as caught:
        await chain.call(name, MODEL, **given)
    return str(caught.value.details["plan_id"])


def start(chain: Project) -> dict[str, Any]:
    return {"pipelines": [str(chain.folder)], "params": {"month": "2019-03"}}


async def test_a_start_returns_the_session_with_its_plan(chain: Project) -> None:
    result = await chain.call("session_start", **start(chain), key="2019-03", tags={"team": "taxi"})
    document = result.document()
    assert document["schema"] == "bunsui.session/1"
    assert (document["key"], document["tags"]) == ("2019-03", {"team": "taxi"})
    assert actions(document) == {"fetch": "run", "clean": "run", "publish": "run"}
    assert result.plan is not None
    assert document["plan"]["id"] == result.plan.id  # type: ignore[index, call-overload]
    stored = await chain.runtime.ports.store.plans.plan(result.plan.id)
    assert stored.state is PlanState.USED
    assert len(chain.engine.started) == 1
    assert result.summary.startswith(f"session {document['id']} was started, 3 of 3")


async def test_a_dry_run_has_the_plan_alone_and_its_digest_is_kept(chain: Project) -> None:
    dry = await chain.document("session_start", **start(chain), dry_run=True)
    assert set(dry) == {"schema", "plan"}
    assert dry["plan"]["id"] is None
    assert chain.engine.started == {}
    real = await chain.document("session_start", **start(chain))
    assert real["plan"]["digest"] == dry["plan"]["digest"]
    assert real["plan"]["runs"] == dry["plan"]["runs"]


async def test_wrong_parameters_are_refused_before_anything_is_stored(chain: Project) -> None:
    with pytest.raises(UsageError, match="month"):
        await chain.call("session_start", pipelines=[str(chain.folder)], params={"month": "March"})
    assert await chain.runtime.ports.store.plans.plans() == []


async def test_numbers_are_taken_as_text(chain: Project) -> None:
    given = {"month": "2019-03", "rows": 7}
    document = await chain.document("session_start", pipelines=[str(chain.folder)], params=given)
    assert document["runs"][0]["params"] == {"month": "2019-03", "rows": 7}


async def test_a_key_in_use_is_refused(chain: Project) -> None:
    first = await chain.started(key="k")
    with pytest.raises(Conflict) as caught:
        await chain.started(key="k")
    assert caught.value.details["session"] == first
    await chain.started(key="k", allow_duplicate=True)


async def test_a_model_starts_once_after_a_person_approved(chain: Project) -> None:
    plan_id = await planned_by_a_model(chain, "session_start", **start(chain))
    assert chain.engine.started == {}
    await decide(chain.runtime, plan_id, PERSON)
    calls = [chain.call("session_start", MODEL, **start(chain), plan_id=plan_id) for _ in range(5)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, ToolResult) for one in ended) == 1
    assert all(isinstance(one, ToolResult | Conflict) for one in ended)
    assert len(chain.engine.started) == 1


async def test_a_rerun_reuses_what_succeeded(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, BROKEN)
    dry = await chain.document("session_rerun", session=session, dry_run=True)
    assert actions(dry) == {"fetch": "reuse", "clean": "run", "publish": "run"}
    document = await chain.document("session_rerun", session=session)
    assert document["plan"]["runs"] == dry["plan"]["runs"]
    assert len(document["runs"][0]["attempts"]) == 2
    assert len(chain.engine.started) == 2


async def test_an_empty_plan_makes_no_attempt(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": OK, "publish": OK})
    before = await kinds(chain.runtime)
    document = await chain.document("session_rerun", session=session)
    assert set(actions(document).values()) <= {"reuse"}
    assert len(document["runs"][0]["attempts"]) == 1
    assert await kinds(chain.runtime) == before
    result = await chain.call("session_rerun", MODEL, session=session)
    assert result.plan is None


async def test_a_plan_of_a_rerun_is_stale_after_another(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, BROKEN)
    plan_id = await planned_by_a_model(chain, "session_rerun", session=session)
    await decide(chain.runtime, plan_id, PERSON)
    await chain.call("session_rerun", session=session)
    with pytest.raises(Conflict):
        await chain.call("session_rerun", MODEL, session=session, plan_id=plan_id)
    assert len(chain.engine.started) == 2


async def test_a_stop_stays_approved_while_jobs_go_on(chain: Project) -> None:
    session = await chain.started()
    plan_id = await planned_by_a_model(chain, "session_stop", session=session)
    store = chain.runtime.ports.store
    job = (await store.jobs.job_runs(session, "chain", 1))[0]
    from bunsui.core.ports.store import Transaction

    await store.commit(Transaction(put=[job.next(status=OK)]))
    await decide(chain.runtime, plan_id, PERSON)
    await chain.call("session_stop", MODEL, session=session, plan_id=plan_id)
    assert chain.engine.stopped == list(chain.engine.started)
    assert (await store.plans.plan(plan_id)).state is PlanState.USED


async def test_stopping_what_has_succeeded_changes_nothing(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": OK, "publish": OK})
    result = await chain.call("session_stop", MODEL, session=session)
    assert (result.plan, chain.engine.stopped) == (None, [])
    assert result.warnings == (f"session {session} had ended already: nothing was changed",)


async def test_stale_results_are_accepted_with_a_reason(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": OK, "publish": OK})
    await chain.call("session_rerun", session=session, strategy="only", jobs=["fetch"])
    await chain.play(session, {"fetch": OK})
    shown = await chain.document("session_show", session=session)
    assert [job["id"] for job in shown["runs"][0]["jobs"] if job["stale"]] == ["clean", "publish"]
    with pytest.raises(UsageError, match="reason"):
        await chain.call("session_accept", session=session)
    document = await chain.document("session_accept", session=session, reason="no difference")
    assert not document["stale"]
    assert not any(job["stale"] for job in document["runs"][0]["jobs"])


@pytest.mark.parametrize(
    ("jobs", "named"), [([], "session {}"), (["clean", "chain/fetch"], "clean, chain/fetch")]
)
async def test_an_acceptance_says_that_nothing_was_stale(chain: Project, jobs: list[str], named: str) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": OK, "publish": OK})
    result = await chain.call("session_accept", session=session, reason="no difference", jobs=jobs)
    assert result.warnings == (f"nothing was stale in {named.format(session)}: nothing was changed",)


async def test_a_rerun_is_not_recorded_as_a_session_that_was_created(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, BROKEN)
    rerun = await chain.call("session_rerun", session=session)
    assert rerun.summary == f"session {session} was rerun, 2 of 3 job(s) to run"
    await chain.play(session, {"clean": OK, "publish": OK})
    nothing = await chain.call("session_rerun", session=session)
    assert nothing.summary == f"session {session} is succeeded, 0 of 3 job(s) to run"


async def test_the_trail_of_a_session_says_who_allowed_what_was_done_with_it(chain: Project) -> None:
    planned = await planned_by_a_model(chain, "session_start", **start(chain))
    await decide(chain.runtime, planned, PERSON)
    document = (await chain.call("session_start", MODEL, **start(chain), plan_id=planned)).document()
    session = str(document["id"])
    await chain.play(session, BROKEN)
    await chain.call("session_rerun", session=session)
    await chain.play(session, {"clean": OK, "publish": OK})
    with pytest.raises(NotFound):
        await chain.call("session_rerun", session=session, jobs=["zzz"])
    await chain.started()
    found = await chain.document("audit_list", subject=session)
    assert [(one["tool"], one["kind"]) for one in found["entries"]] == [
        ("session_start", "planned"),
        ("session_start", "asked"),
        ("session_start", "answered"),
        ("session_start", "allowed"),
        ("session_start", "done"),
        ("session_rerun", "planned"),
        ("session_rerun", "allowed"),
        ("session_rerun", "done"),
        ("session_rerun", "denied"),
    ]
    assert [one["actor"] for one in found["entries"] if one["kind"] == "answered"] == [PERSON.actor]


async def test_what_a_job_said_is_stripped_and_redacted(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, BROKEN, log=b"line\x1b[2J\ntoken=hunter2\n")
    shown = await chain.document("session_show", session=session)
    failed = shown["runs"][0]["jobs"][1]
    assert failed["error"] == {"error": "ValueError", "cause": "password=*** too bad"}
    assert failed["log_tail"] == "line\ntoken=***"


async def test_waiting_ends_with_the_failed_jobs(chain: Project) -> None:
    session = await chain.started()
    waiting = asyncio.create_task(chain.document("session_wait", session=session, timeout=20))
    await asyncio.sleep(0)
    await chain.play(session, BROKEN, log=b"it broke here\n")
    document = await waiting
    assert (document["status"], document["ended"], document["complete"]) == ("failed", True, True)
    assert [(job["job"], job["log_tail"]) for job in document["failed"]] == [("clean", "it broke here")]
    assert document["jobs"]["succeeded"] == 1


async def test_waiting_is_bounded_and_reports_progress(chain: Project) -> None:
    session = await chain.started()
    told: list[Progress] = []

    async def emit(progress: Progress) -> None:
        told.append(progress)

    arguments: dict[str, Any] = {"session": session, "timeout": 0.01}
    result = await invoke(chain.runtime, "session_wait", arguments, MODEL, emit=emit)
    assert result.document()["ended"] is False
    assert [(one.done, one.total) for one in told] == [(0, 3)]


async def test_waiting_sees_to_it_that_the_session_goes_on(chain: Project) -> None:
    session = await chain.started()
    name = next(iter(chain.engine.started))
    chain.engine.started.clear()  # as if the caller had died between its commit and the start
    await chain.document("session_wait", session=session, timeout=0.01)
    assert list(chain.engine.started) == [name]


async def test_lists_visit_every_session_once(chain: Project) -> None:
    ids = {await chain.started(tags={"n": str(number % 2)}) for number in range(7)}
    seen: list[str] = []
    cursor = None
    while True:
        page = await chain.document("session_list", limit=3, cursor=cursor)
        seen += [session["id"] for session in page["sessions"]]
        cursor = page["cursor"]
        assert page["complete"] is (cursor is None)
        if cursor is None:
            break
    assert (len(seen), set(seen)) == (7, ids)
    odd = await chain.document("session_list", tags={"n": "1"}, pipeline="chain", since="1h")
    assert len(odd["sessions"]) == 3
    assert (await chain.document("session_list", status="failed"))["sessions"] == []


@pytest.mark.parametrize("since", ["soon", "2026-13-01", "99999999999w", "9999999w"])
async def test_a_time_that_is_none(chain: Project, since: str) -> None:
    with pytest.raises(UsageError, match="since"):
        await chain.call("session_list", since=since)


async def test_unknown_sessions_name_the_nearest(chain: Project) -> None:
    session = await chain.started()
    with pytest.raises(NotFound) as caught:
        await chain.call("session_show", session=session[:-1])
    assert session in " ".join(caught.value.next_steps)


async def test_a_model_cannot_have_python_executed(chain: Project) -> None:
    (chain.folder / "pipe.py").write_text("raise SystemExit('executed')\n")
    reference = f"{chain.folder}/pipe.py:PIPELINE"
    for name, given in (
        ("session_start", {"pipelines": [reference]}),
        ("pipeline_show", {"pipeline": reference}),
        ("pipeline_plan", {"pipeline": reference}),
        ("pipeline_register", {"pipeline": reference}),
        ("pipeline_validate", {"paths": [reference]}),
    ):
        with pytest.raises(PermissionDenied, match="executes"):
            await chain.call(name, MODEL, **given)
