"""Pausing: nothing begins, nobody loses a place, and what has ended is not paused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.session import Pause
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.pause import pause, plan_pause
from bunsui.core.session.requests import PauseRequest, StartRequest
from bunsui.core.session.start import start
from bunsui.errors import Conflict, NotFound, StalePlan
from tests.unit.core.records import NOW, session, stored_plan
from tests.unit.core.world import World


async def started(folder: Path) -> tuple[World, str]:
    made = World(folder)
    made.write({"a": {}})
    request = StartRequest(profile="local", pipelines=(str(made.file),))
    return made, (await start(made.ports, request, by="ada")).session_id


async def standing(folder: Path, **more: Any) -> World:
    made = World(folder)
    await made.store.commit(Transaction(put=[session(run_ids=(), **more)]))
    return made


async def test_a_pause_says_who_when_and_why_and_a_resume_forgets_it(tmp_path: Path) -> None:
    made, id = await started(tmp_path)
    await pause(made.ports, PauseRequest(session_id=id, reason="lunch"), by="ann")
    assert (await made.store.sessions.session(id)).pause == Pause(by="ann", at=NOW, reason="lunch")
    await pause(made.ports, PauseRequest(session_id=id, pause=False), by="bob")
    assert (await made.store.sessions.session(id)).pause is None
    told = [(event.kind, event.data["by"]) for event in (await made.store.events.events(id))[-2:]]
    assert told == [("session.paused", "ann"), ("session.resumed", "bob")]


async def test_pausing_twice_is_pausing_once(tmp_path: Path) -> None:
    made, id = await started(tmp_path)
    await pause(made.ports, PauseRequest(session_id=id), by="ann")
    before = await made.store.sessions.session(id)
    await pause(made.ports, PauseRequest(session_id=id), by="bob")
    assert await made.store.sessions.session(id) == before


@pytest.mark.parametrize("status", [status for status in Status if status.ended])
async def test_what_has_ended_is_neither_paused_nor_resumed(tmp_path: Path, status: Status) -> None:
    made = await standing(tmp_path, status=status)
    for wanted in (True, False):
        with pytest.raises(Conflict, match="has ended") as caught:
            await plan_pause(made.ports, PauseRequest(session_id="s", pause=wanted))
        assert caught.value.details["status"] == status.value


async def test_what_is_being_stopped_is_not_paused(tmp_path: Path) -> None:
    made = await standing(tmp_path, stopping=Pause(by="ann", at=NOW))
    with pytest.raises(Conflict, match="is being stopped"):
        await pause(made.ports, PauseRequest(session_id="s"), by="bob")


async def test_an_approved_pause_is_stale_where_it_is_paused_already(tmp_path: Path) -> None:
    made, id = await started(tmp_path)
    request = PauseRequest(session_id=id)
    approved = stored_plan(await plan_pause(made.ports, request))
    await made.store.commit(Transaction(put=[approved]))
    await pause(made.ports, request, by="ann")
    with pytest.raises(StalePlan):
        await pause(made.ports, request, by="bob", approved=approved)


async def test_an_unknown_session_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await plan_pause(World(tmp_path).ports, PauseRequest(session_id="no"))
