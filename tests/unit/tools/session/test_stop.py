"""Stopping by tool: what is shown is what ends, and jobs that end meanwhile make no plan stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.models.status import JobStatus
from bunsui.errors import ApprovalRequired, NotFound, StalePlan
from tests.unit.tools.helpers import MODEL, PERSON
from tests.unit.tools.project import Project, project


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    return project(tmp_path)


async def test_a_stop_reaches_the_execution_and_is_recorded(chain: Project) -> None:
    session = await chain.started()
    await chain.call("session_stop", session=session, reason="wrong month")
    assert chain.engine.stopped == list(chain.engine.started)
    kept = await chain.runtime.ports.store.sessions.session(session)
    assert kept.stopping is not None
    assert (kept.stopping.by, kept.stopping.reason) == ("ann", "wrong month")


async def test_a_model_asks_first_and_sees_what_would_end(chain: Project) -> None:
    session = await chain.started()
    with pytest.raises(ApprovalRequired) as caught:
        await chain.call("session_stop", MODEL, session=session)
    assert caught.value.details["plan"] == ["chain/1: ends fetch, clean, publish"]
    assert chain.engine.stopped == []


async def test_what_has_succeeded_is_left_alone(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, dict.fromkeys(("fetch", "clean", "publish"), JobStatus.SUCCEEDED))
    document = await chain.document("session_stop", session=session)
    assert document["status"] == "succeeded"
    assert chain.engine.stopped == []


async def test_a_failed_session_is_given_up(chain: Project) -> None:
    session = await chain.started(key="k")
    await chain.play(session, {"fetch": JobStatus.FAILED})
    assert (await chain.document("session_stop", session=session))["status"] == "stopped"
    assert await chain.runtime.ports.store.sessions.claim("dev", "k") is None


async def test_an_approval_does_not_cover_an_attempt_that_came_later(chain: Project) -> None:
    session = await chain.started()
    with pytest.raises(ApprovalRequired) as caught:
        await chain.call("session_stop", MODEL, session=session)
    await chain.play(session, {"fetch": JobStatus.FAILED})
    await chain.call("session_rerun", session=session)
    with pytest.raises(StalePlan):
        await chain.call("session_stop", PERSON, session=session, plan_id=caught.value.details["plan_id"])


async def test_an_unknown_session_is_not_found(chain: Project) -> None:
    with pytest.raises(NotFound):
        await chain.call("session_stop", session="no")
