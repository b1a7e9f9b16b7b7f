"""A write over both eras and both transports: only an acceptance that counts changes anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import PlanState
from bunsui.tools.audit import VERIFY
from bunsui.tools.context import Caller
from bunsui.tools.decision import decide
from bunsui.tools.invoke import invoke
from tests.mcp.connections import (
    ERAS,
    LEGACY,
    Dialogue,
    answering,
    connected,
    document,
    opened,
)
from tests.unit.tools.helpers import PERSON

PIPELINE = "bunsui: 1\nname: one\njobs:\n  only:\n    lambda: {handler: handlers:only}\n"
REPLIES = ("accept", "decline", "cancel", "timeout", "none")
FLAGS = ("--allow-write", "--answer-within", "0.5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    (path / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (path / "handlers.py").write_text("def only(event, context): ...\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("era", ERAS)
async def test_only_an_acceptance_changes_anything(
    era: str, transport: str, reply: str, bunsui_command: Path, data_dir: Path, folder: Path
) -> None:
    dialogue = None if reply == "none" else answering(None if reply == "timeout" else reply)
    async with connected(transport, bunsui_command, data_dir, *FLAGS, era=era, dialogue=dialogue) as client:
        gone = dialogue if reply == "timeout" and era != LEGACY else None
        result = await called(client, folder, gone)
    async with opened(data_dir) as runtime:
        registered = [one.name for one in await runtime.ports.store.pipelines.newest()]
        (plan,) = await runtime.ports.store.plans.plans()
        trail = await runtime.ports.store.audit.entries(limit=100)
        verified = await invoke(runtime, VERIFY.name, {}, Caller(kind=CallerKind.PERSON, actor="ann"))
    assert verified.document()["valid"]
    assert registered == (["one"] if reply == "accept" else [])
    assert plan.state is (PlanState.USED if reply == "accept" else PlanState.PENDING)
    assert ("done" in [entry.kind for entry in trail]) == (reply == "accept")
    assert all(entry.caller is CallerKind.MODEL for entry in trail)
    if dialogue is not None:
        (question,) = dialogue.asked
        assert "Register one" in question
        assert plan.id in question
    if result is not None and reply != "accept":
        check_refusal(result, plan.id, reply)


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_call_that_waits_goes_on_when_a_person_decided(
    era: str, transport: str, bunsui_command: Path, data_dir: Path, folder: Path
) -> None:
    """Within a second of the decision, which another process wrote; more where the machine is busy."""
    waits, given = asyncio.Event(), {"pipeline": str(folder)}

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert f"plan {plan}" in str(message)
        waits.set()

    async with (
        opened(data_dir) as runtime,
        connected(transport, bunsui_command, data_dir, *FLAGS, era=era) as client,
    ):
        plan = document(await client.call_tool("pipeline_register", given))["details"]["plan_id"]
        again = client.call_tool(
            "pipeline_register", {**given, "plan_id": plan}, progress_callback=progressed
        )
        calling = asyncio.ensure_future(again)
        async with asyncio.timeout(10):
            await waits.wait()
        await decide(runtime, plan, PERSON)
        async with asyncio.timeout(3):
            assert document(await calling)["name"] == "one"


async def called(client: Client, folder: Path, gone: Dialogue | None) -> dict[str, Any] | None:
    """The answer; none where the dialogue is shown and nobody is there."""
    calling = asyncio.ensure_future(client.call_tool("pipeline_register", {"pipeline": str(folder)}))
    if gone is None:
        return document(await calling)
    await gone.shown.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    return None


def check_refusal(refusal: dict[str, Any], plan_id: str, reply: str) -> None:
    assert refusal["code"] == "approval_required"
    assert refusal["retryable"]
    assert refusal["details"]["plan_id"] == plan_id
    assert refusal["details"]["plan"]
    assert any(f"bunsui approval decide {plan_id}" in step for step in refusal["next_steps"])
    answered = refusal["details"].get("answered")
    if reply == "none":
        assert answered is None
    else:
        assert answered["reply"] == ("declined" if reply == "decline" else "unanswered")
