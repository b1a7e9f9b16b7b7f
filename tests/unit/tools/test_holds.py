"""Pause, resume and maintenance as tools: who may, what is planned, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import ApprovalRequired, Conflict, UnderMaintenance
from tests.unit.tools.helpers import MODEL, yes
from tests.unit.tools.project import Project, project


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    return project(tmp_path)


async def test_a_pause_says_who_and_why_and_is_made_once(chain: Project) -> None:
    session = await chain.started()
    paused = await chain.document("session_pause", session=session, reason="release")
    assert paused["status"] == "paused"
    [hold] = paused["holds"]
    assert (hold["kind"], hold["by"], hold["reason"]) == ("paused", "ann", "release")
    again = await chain.call("session_pause", session=session, reason="another")
    assert again.plan is None
    assert again.warnings == (f"session {session} was paused already: nothing was changed",)
    assert again.document()["holds"] == paused["holds"]
    assert (await chain.document("session_resume", session=session))["holds"] == []


async def test_a_model_asks_before_it_pauses(chain: Project) -> None:
    session = await chain.started()
    with pytest.raises(ApprovalRequired):
        await chain.call("session_pause", MODEL, session=session)
    result = await chain.call("session_pause", MODEL, yes(), session=session)
    assert result.document()["status"] == "paused"


async def test_what_has_ended_is_not_paused(chain: Project) -> None:
    session = await chain.started()
    await chain.call("session_stop", session=session)
    await chain.play(session, {})
    with pytest.raises(Conflict, match="cannot be paused"):
        await chain.call("session_pause", session=session)
    with pytest.raises(Conflict, match="cannot be resumed") as refused:
        await chain.call("session_resume", session=session)
    assert any(f"session rerun {session} --dry-run" in step for step in refused.value.next_steps)


async def test_a_rerun_of_a_paused_session_is_told_to_resume_it(chain: Project) -> None:
    session = await chain.started()
    with pytest.raises(Conflict) as running:
        await chain.call("session_rerun", session=session)
    assert not any("resume" in step for step in running.value.next_steps)
    await chain.call("session_pause", session=session)
    with pytest.raises(Conflict) as paused:
        await chain.call("session_rerun", session=session)
    assert paused.value.next_steps[0] == f"Let it go on: bunsui session resume {session}"


async def test_maintenance_refuses_starts_and_answers_dry_runs(chain: Project) -> None:
    session = await chain.started()
    on = await chain.document("ops_maintenance", state="on", reason="new disk")
    assert (on["on"], on["by"], on["reason"]) == (True, "ann", "new disk")
    assert list(on["sessions"]) == [session]
    with pytest.raises(UnderMaintenance, match="new disk") as refused:
        await chain.started()
    assert refused.value.code == "maintenance"
    assert refused.value.retryable
    assert any("ops maintenance off" in step for step in refused.value.next_steps)
    planned = await chain.document(
        "session_start", pipelines=[str(chain.folder)], params={"month": "2019-03"}, dry_run=True
    )
    assert planned["plan"]["runs"]
    assert (await chain.document("ops_maintenance", state="off"))["on"] is False
    again = await chain.call("ops_maintenance", state="off")
    assert (again.plan, len(again.warnings)) == (None, 1)
    assert again.warnings[0].endswith("was not in maintenance: nothing was changed")
    await chain.started()


async def test_many_runs_are_planned_in_a_few_lines(chain: Project) -> None:
    with pytest.raises(ApprovalRequired) as required:
        await chain.call(
            "session_start",
            MODEL,
            pipelines=[str(chain.folder)],
            each={"month": "2001-01..2020-12"},
        )
    plan = required.value.details["plan"]
    assert plan == [
        f"240 runs, chain@2001-01 … chain@2020-12: {job} run (new)" for job in ("fetch", "clean", "publish")
    ]
