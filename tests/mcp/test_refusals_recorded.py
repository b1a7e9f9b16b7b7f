"""What a plan does not allow changes nothing and is in the audit trail: both eras, both transports.

Each case makes one call that has to be refused, and looks for the one entry that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, types
from mcp.shared.exceptions import MCPError

from bunsui.core.models.audit import AuditEntry
from bunsui.core.models.plan import PlanState
from bunsui.core.ports.store import Transaction
from bunsui.errors import BunsuiError
from bunsui.tools.decision import decide
from bunsui.tools.runtime import Runtime
from bunsui_mcp.questions import KEY
from tests.mcp.connections import ERAS, MODERN, answering, connected, document, listening, opened, over_http
from tests.unit.tools.helpers import PERSON

PIPELINE = "bunsui: 1\nname: NAME\njobs:\n  only:\n    lambda: {handler: handlers:only}\n"
TOOL = "pipeline_register"
YES: types.InputResponses = {KEY: types.ElicitResult(action="accept", content={})}
FORGED = "invalid_request_state"


@dataclass
class World:
    """A client of a server, the records behind it, and pipelines that nobody has registered yet."""

    client: Client
    runtime: Runtime
    folder: Path
    made: int = 0

    def pipeline(self) -> str:
        """One more that nobody has registered."""
        self.made += 1
        (self.folder / "handlers.py").write_text("def only(event, context): ...\n", encoding="utf-8")
        path = self.folder / f"one-{self.made}.yaml"
        path.write_text(PIPELINE.replace("NAME", f"one-{self.made}"), encoding="utf-8")
        return str(path)

    async def call(self, pipeline: str, plan: str | None = None, tool: str = TOOL) -> dict[str, Any]:
        given = {"pipeline": pipeline} if plan is None else {"pipeline": pipeline, "plan_id": plan}
        return document(await self.client.call_tool(tool, given))

    async def approved(self, pipeline: str) -> str:
        """A plan for it, on which somebody said yes on a terminal."""
        plan = await self.pending(pipeline)
        await decide(self.runtime, plan, PERSON)
        return plan

    async def pending(self, pipeline: str) -> str:
        return str((await self.call(pipeline))["details"]["plan_id"])

    async def bring(self, state: str | None, pipeline: str, **more: Any) -> str:
        """The code of the error that a yes with this state gives."""
        asked: dict[str, Any] = {"pipeline": pipeline, **more}
        try:
            result = await self.client.session.call_tool(
                TOOL, asked, input_responses=YES, request_state=state, allow_input_required=True
            )
        except MCPError as error:
            return str(error.data["reason"])
        assert isinstance(result, types.CallToolResult)
        return str(document(result)["code"])

    async def question(self, pipeline: str) -> str:
        """The sealed state of a question about it."""
        result = await self.client.session.call_tool(TOOL, {"pipeline": pipeline}, allow_input_required=True)
        assert isinstance(result, types.InputRequiredResult)
        return str(result.request_state)

    async def registered(self) -> list[str]:
        return sorted(one.name for one in await self.runtime.ports.store.pipelines.newest())

    async def refusals(self) -> list[AuditEntry]:
        entries = await self.runtime.ports.store.audit.entries(limit=10_000)
        return [entry for entry in entries if entry.kind == "denied"]

    async def refused(self, work: Awaitable[str]) -> str:
        """Do it: nothing may change, and the trail has one more refusal. Its code."""
        before, said = await self.registered(), len(await self.refusals())
        code = await work
        assert await self.registered() == before
        more = (await self.refusals())[said:]
        assert [entry.data["code"] for entry in more] == [code]
        assert all(entry.actor.startswith("mcp:") and entry.tool for entry in more)
        return code


Case = Callable[[World], Awaitable[None]]


async def replayed(world: World) -> None:
    one = world.pipeline()
    plan = await world.approved(one)
    assert (await world.call(one, plan))["name"] in await world.registered()
    assert await world.refused(code(world.call(one, plan))) == "conflict"


async def other_arguments(world: World) -> None:
    plan = await world.approved(world.pipeline())
    assert await world.refused(code(world.call(world.pipeline(), plan))) == "conflict"


async def another_tool(world: World) -> None:
    one = world.pipeline()
    plan = await world.approved(one)
    started = world.client.call_tool("session_start", {"pipelines": [one], "plan_id": plan})
    assert await world.refused(code(documented(started))) == "conflict"


async def expired(world: World) -> None:
    one = world.pipeline()
    store = world.runtime.ports.store
    plan = await store.plans.plan(await world.approved(one))
    past = plan.created_at - timedelta(seconds=1)
    await store.commit(Transaction(put=[plan.next(expires_at=past)]))
    assert await world.refused(code(world.call(one, plan.id))) == "approval_denied"


async def state_moved_on(world: World) -> None:
    one = world.pipeline()
    plan = await world.approved(one)
    path = Path(one)
    path.write_text(path.read_text(encoding="utf-8") + "    timeout: 60s\n", encoding="utf-8")
    assert await world.refused(code(world.call(one, plan))) == "stale_plan"


async def nobody_said_yes(world: World) -> None:
    one = world.pipeline()
    plan = await world.pending(one)
    await decide(world.runtime, plan, PERSON, deny=True)
    assert await world.refused(code(world.call(one, plan))) == "approval_denied"


async def no_such_plan(world: World) -> None:
    assert await world.refused(code(world.call(world.pipeline(), "p-0000000000000000"))) == "not_found"


async def two_calls_at_once(world: World) -> None:
    one = world.pipeline()
    plan = await world.approved(one)
    said = len(await world.refusals())
    both = await asyncio.gather(world.call(one, plan), world.call(one, plan))
    assert sorted(found.get("code", "") for found in both) == ["", "conflict"]
    trail = await world.runtime.ports.store.audit.entries(limit=10_000)
    assert [entry.kind for entry in trail if entry.plan_id == plan].count("done") == 1
    failed = [entry for entry in trail if entry.plan_id == plan and entry.kind == "failed"]
    assert len(await world.refusals()) - said + len(failed) == 1


async def two_approvals(world: World) -> None:
    plan = await world.approved(world.pipeline())
    with pytest.raises(BunsuiError, match="was approved by"):
        await decide(world.runtime, plan, PERSON)
    last = (await world.refusals())[-1]
    assert (last.tool, last.plan_id, last.data["code"]) == ("approval_decide", plan, "conflict")


async def no_state_of_ours(world: World) -> None:
    """A plan's id as it is, rubbish, and what looks sealed: also where the era has no such states."""
    one = world.pipeline()
    plan = await world.pending(one)
    for state in (plan, "", "v1.AAAA", "v1." + "A" * 200):
        assert await world.refused(world.bring(state, one)) == FORGED


CASES: tuple[Case, ...] = (
    replayed,
    other_arguments,
    another_tool,
    expired,
    state_moved_on,
    nobody_said_yes,
    no_such_plan,
    two_calls_at_once,
    two_approvals,
    no_state_of_ours,
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("era", ERAS)
async def test_what_a_plan_does_not_allow(
    era: str, transport: str, bunsui_command: Path, data_dir: Path, tmp_path: Path
) -> None:
    flags = ("--allow-write", "--toolset", "all")
    async with (
        opened(data_dir) as runtime,
        connected(transport, bunsui_command, data_dir, *flags, era=era) as client,
    ):
        world = World(client, runtime, tmp_path)
        for case in CASES:
            await case(world)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_states_of_questions(
    transport: str, bunsui_command: Path, data_dir: Path, tmp_path: Path
) -> None:
    """From 2026-07-28 on: a state is for its own call, client, server and plan, and for one yes."""
    flags = ("--allow-write", "--toolset", "all")
    asks = answering("accept")
    async with (
        opened(data_dir) as runtime,
        connected(transport, bunsui_command, data_dir, *flags, era=MODERN, dialogue=asks) as client,
        connected(transport, bunsui_command, data_dir, *flags, era=MODERN, dialogue=asks) as elsewhere,
    ):
        world, other = World(client, runtime, tmp_path), World(elsewhere, runtime, tmp_path, made=100)
        one, two = world.pipeline(), world.pipeline()
        state, of_two = await world.question(one), await world.question(two)
        foreign = await other.question(one)
        for forged in (of_two, foreign, state[:-4] + "AAAA", state + "A"):
            assert await world.refused(world.bring(forged, one)) == FORGED
        assert await world.refused(world.bring(state, one, plan_id=await newest_plan(runtime))) == FORGED
        assert await other.refused(other.bring(state, one)) == FORGED
        assert not any(plan.state is PlanState.USED for plan in await runtime.ports.store.plans.plans())


async def test_a_state_is_for_the_client_that_was_asked(
    bunsui_command: Path, data_dir: Path, tmp_path: Path
) -> None:
    asks = answering("accept")
    async with (
        opened(data_dir) as runtime,
        listening(bunsui_command, data_dir, "--allow-write") as server,
        over_http(server, dialogue=asks, name="one") as client,
        over_http(server, dialogue=asks, name="two") as other,
    ):
        world = World(client, runtime, tmp_path)
        one = world.pipeline()
        state = await world.question(one)
        stranger = World(other, runtime, tmp_path)
        assert await stranger.refused(stranger.bring(state, one)) == FORGED


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_state_works_once(
    transport: str, bunsui_command: Path, data_dir: Path, tmp_path: Path
) -> None:
    asks = answering("accept")
    async with (
        opened(data_dir) as runtime,
        connected(transport, bunsui_command, data_dir, "--allow-write", era=MODERN, dialogue=asks) as client,
    ):
        world = World(client, runtime, tmp_path)
        one = world.pipeline()
        state = await world.question(one)
        result = await client.session.call_tool(
            TOOL, {"pipeline": one}, input_responses=YES, request_state=state, allow_input_required=True
        )
        assert isinstance(result, types.CallToolResult)
        assert await world.registered() == [document(result)["name"]]
        assert await world.refused(world.bring(state, one)) == "conflict"


async def newest_plan(runtime: Runtime) -> str:
    return (await runtime.ports.store.plans.plans())[0].id


async def documented(work: Awaitable[types.CallToolResult]) -> dict[str, Any]:
    return document(await work)


async def code(work: Awaitable[dict[str, Any]]) -> str:
    return str((await work)["code"])
