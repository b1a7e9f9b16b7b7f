"""Replays, changed arguments, expired plans, a state that moved on, forged states: nothing changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import Client, types
from mcp.shared.exceptions import MCPError

from bunsui.core.ports.store import Transaction
from bunsui.tools.decision import decide
from bunsui.tools.runtime import Runtime
from bunsui_mcp.options import Options
from bunsui_mcp.questions import KEY
from tests.mcp.connections import ALL, ERAS, LEGACY, MODERN, answering, document, in_memory, said
from tests.unit.tools.helpers import COUNTER, MODEL, PERSON, clock, counting, trail, value

YES: types.InputResponses = {KEY: types.ElicitResult(action="accept", content={})}
NO: types.InputResponses = {KEY: types.ElicitResult(action="decline")}


async def question(client: Client, name: str = "counter_write", **given: Any) -> types.InputRequiredResult:
    result = await client.session.call_tool(name, given, allow_input_required=True)
    assert isinstance(result, types.InputRequiredResult)
    return result


async def bring(
    client: Client, state: str | None, responses: Any, name: str = "counter_write", **given: Any
) -> types.CallToolResult:
    result = await client.session.call_tool(
        name, given, input_responses=responses, request_state=state, allow_input_required=True
    )
    assert isinstance(result, types.CallToolResult)
    return result


async def codes(runtime: Runtime) -> list[Any]:
    return [entry.data.get("code") for entry in await trail(runtime) if entry.kind == "denied"]


async def pending(client: Client, name: str = "counter_write", **given: Any) -> str:
    refusal = document(await client.call_tool(name, given))
    assert refusal["code"] == "approval_required"
    return str(refusal["details"]["plan_id"])


async def test_an_accepted_question_works_once() -> None:
    runtime = await counting()
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        asked = await question(client, by=5)
        done = await bring(client, asked.request_state, YES, by=5)
        again = await bring(client, asked.request_state, YES, by=5)
    assert (done.is_error, again.is_error) == (False, True)
    assert document(again)["code"] == "conflict"
    assert await value(runtime) == 5
    assert await codes(runtime) == ["conflict"]


async def test_a_state_belongs_to_its_arguments_and_is_sealed() -> None:
    runtime = await counting()
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        asked = await question(client, by=5)
        state = str(asked.request_state)
        wrong: list[tuple[str, dict[str, Any]]] = [
            (state, {"by": 6}),
            (state[:-3] + "abc", {"by": 5}),
            ("p-0000000000000000", {"by": 5}),
            ("v1.AAAA", {"by": 5}),
        ]
        for forged, given in wrong:
            with pytest.raises(MCPError, match="requestState"):
                await bring(client, forged, YES, **given)
    assert await value(runtime) == 0
    assert await codes(runtime) == ["invalid_request_state"] * 4


async def test_a_state_of_another_server_is_refused() -> None:
    runtime = await counting()
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        asked = await question(client)
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        with pytest.raises(MCPError, match="requestState"):
            await bring(client, asked.request_state, YES)
    assert await value(runtime) == 0
    assert await codes(runtime) == ["invalid_request_state"]


async def test_an_answer_without_a_question_is_none() -> None:
    runtime = await counting()
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        result = await client.session.call_tool(
            "counter_write", {}, input_responses=YES, allow_input_required=True
        )
    assert isinstance(result, types.InputRequiredResult)
    assert await value(runtime) == 0


@pytest.mark.parametrize("era", ERAS)
async def test_the_state_of_the_world_moves_on(era: str) -> None:
    runtime = await counting()

    class MovesOn:
        async def __call__(self, _context: Any, _params: Any) -> types.ElicitResult:
            session = await runtime.ports.store.sessions.session(COUNTER)
            await runtime.ports.store.commit(Transaction(put=[session.next(warnings=7)]))
            return types.ElicitResult(action="accept", content={})

    async with in_memory(runtime, era, MovesOn()) as client:
        result = await client.call_tool("counter_write", {})
    assert document(result)["code"] == "stale_plan"
    assert await value(runtime) == 7
    assert "stale_plan" in await codes(runtime)


@pytest.mark.parametrize("era", ERAS)
async def test_a_question_that_expired_while_it_stood(era: str) -> None:
    runtime = await counting()

    class Late:
        async def __call__(self, _context: Any, _params: Any) -> types.ElicitResult:
            clock(runtime).advance(7_200)
            return types.ElicitResult(action="accept", content={})

    async with in_memory(runtime, era, Late()) as client:
        result = await client.call_tool("counter_write", {})
    assert document(result)["code"] == "approval_denied"
    assert await value(runtime) == 0
    assert "approval_denied" in await codes(runtime)


@pytest.mark.parametrize("era", ERAS)
async def test_two_calls_with_one_approval(era: str) -> None:
    runtime = await counting()
    async with in_memory(runtime, era) as client:
        plan = await pending(client, by=3)
        await decide(runtime, plan, PERSON)
        results = await asyncio.gather(
            *(client.call_tool("counter_write", {"by": 3, "plan_id": plan}) for _ in range(2))
        )
    assert sorted(result.is_error for result in results) == [False, True]
    assert await value(runtime) == 3


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_is_for_its_own_call_only(era: str) -> None:
    runtime = await counting()
    async with in_memory(runtime, era) as client:
        plan = await pending(client, by=3)
        await decide(runtime, plan, PERSON)
        other = await client.call_tool("counter_write", {"by": 4, "plan_id": plan})
        elsewhere = await client.call_tool("counter_spend", {"by": 3, "plan_id": plan})
    assert {document(other)["code"], document(elsewhere)["code"]} == {"conflict"}
    assert await value(runtime) == 0
    assert await codes(runtime) == ["conflict", "conflict"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("name", "protected"), [("counter_destroy", False), ("counter_write", True)])
async def test_what_an_acceptance_in_a_dialogue_does_not_reach(era: str, name: str, protected: bool) -> None:
    runtime, dialogue = await counting(protected=protected), answering("accept")
    async with in_memory(runtime, era, dialogue) as client:
        plan = await pending(client, name)
        assert not dialogue.asked
        await decide(runtime, plan, PERSON)
        result = await client.call_tool(name, {"plan_id": plan})
    assert not result.is_error
    assert await value(runtime) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_a_repeated_call_goes_on_within_a_second_of_the_decision(era: str) -> None:
    runtime, waits = await counting(), asyncio.Event()

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        waits.set()

    async with in_memory(runtime, era) as client:
        plan = await pending(client)
        again = client.call_tool("counter_write", {"plan_id": plan}, progress_callback=progressed)
        repeated = asyncio.ensure_future(again)
        async with asyncio.timeout(10):
            await waits.wait()
        assert not repeated.done()
        await decide(runtime, plan, PERSON)
        async with asyncio.timeout(3):  # half a second at most, and what a busy machine adds
            result = await repeated
    assert not result.is_error
    assert await value(runtime) == 1


async def test_waiting_for_a_decision_has_an_end() -> None:
    runtime = await counting()
    options = Options(allow_write=True, toolsets=("all",), decide_within=0.2)
    async with in_memory(runtime, LEGACY, None, options) as client:
        plan = await pending(client)
        result = await client.call_tool("counter_write", {"plan_id": plan})
    assert document(result)["code"] == "approval_required"
    assert document(result)["details"]["plan_id"] == plan


async def test_no_in_the_dialogue_holds_although_somebody_said_yes_on_a_terminal() -> None:
    runtime = await counting()
    async with in_memory(runtime, MODERN, answering("accept")) as client:
        asked = await question(client)
        (plan,) = await runtime.ports.store.plans.plans()
        await decide(runtime, plan.id, PERSON)
        result = await bring(client, asked.request_state, NO)
    assert document(result)["code"] == "approval_denied"
    assert await value(runtime) == 0
    assert await codes(runtime) == ["approval_denied"]


@pytest.mark.parametrize("era", ERAS)
async def test_no_argument_can_approve(era: str) -> None:
    runtime = await counting()
    async with in_memory(runtime, era) as client:
        for extra in ({"confirm": True}, {"approved": True}, {"yes": True}, {"approval": "accept"}):
            result = await client.call_tool("counter_write", extra)
            assert document(result)["code"] == "usage"
    assert await value(runtime) == 0
    with pytest.raises(Exception, match="only a person"):
        await decide(runtime, "p-x", MODEL)


@pytest.mark.parametrize(
    ("options", "name", "switch"),
    [
        (Options(toolsets=("all",)), "counter_write", "--allow-write"),
        (Options(toolsets=("all",)), "counter_spend", "--allow-write"),
        (Options(toolsets=("all",), allow_write=True), "counter_destroy", "--allow-destroy"),
    ],
)
async def test_what_the_server_was_not_started_for(options: Options, name: str, switch: str) -> None:
    runtime = await counting()
    async with in_memory(runtime, LEGACY, answering("accept"), options) as client:
        assert name not in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool(name, {})
    assert document(result)["code"] == "permission_denied"
    assert switch in said(result)
    assert await value(runtime) == 0


async def test_a_client_that_is_gone_leaves_the_plan_pending() -> None:
    runtime, dialogue = await counting(), answering(None)
    async with in_memory(runtime, LEGACY, dialogue, ALL) as client:
        calling = asyncio.ensure_future(client.call_tool("counter_write", {}))
        await dialogue.shown.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    assert await value(runtime) == 0
    assert (await trail(runtime))[-1].kind in {"asked", "denied"}
