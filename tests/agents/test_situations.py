"""From "something failed last night" to the cause, the log line and an approved rerun that succeeded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.harness import Situation, World, assistant, situations

CALLS = 5
TOKENS = 6_000
ALL = situations(Path(__file__).with_name("situations.yaml"))


@pytest.mark.timeout(150)
@pytest.mark.parametrize("asks", [True, False], ids=["dialogue", "terminal"])
@pytest.mark.parametrize("situation", ALL, ids=lambda one: one.name.replace(" ", "-"))
async def test_an_assistant_finds_the_cause_and_repairs_it(
    situation: Situation, asks: bool, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNSUI_CONFIG", "")
    monkeypatch.setenv("BUNSUI_WORKER_IDLE", "2")
    world = World(situation, tmp_path, root / "examples")
    world.happened()
    async with assistant(world.data_dir, asks=asks) as (one, runtime):
        session, job = await one.investigate()
        assert job["id"] == situation.job
        assert situation.cause in job["error"]["cause"]
        assert situation.log in job.get("log_tail", "")
        if situation.repaired:
            world.fault("clear")
        planned = await one.rerun(session, situation.rerun, runtime)
        assert planned["id"] == session
        ended = await one.call("session_wait", session=session, timeout=45)
    print(f"{situation.name}: {len(one.calls)} calls, {one.tokens:.0f} tokens")
    assert ended["status"] == "succeeded"
    assert len(one.calls) <= CALLS
    assert one.tokens <= TOKENS
