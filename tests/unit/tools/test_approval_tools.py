from __future__ import annotations

import pytest

from bunsui.errors import ApprovalRequired, NotFound
from bunsui.tools.approval import Approval, ApprovalList
from bunsui.tools.decision import decide
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from tests.unit.tools.helpers import MODEL, PERSON, clock, counting, renamed


async def pending(runtime: Runtime) -> str:
    with pytest.raises(ApprovalRequired) as caught:
        await invoke(runtime, "counter_write", {}, MODEL)
    return str(caught.value.details["plan_id"])


async def listed(runtime: Runtime, **given: bool | int | str) -> ApprovalList:
    output = (await invoke(runtime, "approval_list", given, MODEL)).output
    assert isinstance(output, ApprovalList)
    return output


async def shown(runtime: Runtime, plan_id: str) -> Approval:
    output = (await invoke(runtime, "approval_show", {"plan": plan_id}, MODEL)).output
    assert isinstance(output, Approval)
    return output


async def test_what_waits_is_listed_until_it_is_decided() -> None:
    runtime = await counting()
    first, second = await pending(runtime), await pending(runtime)
    assert {one.id for one in (await listed(runtime)).approvals} == {first, second}
    await decide(runtime, first, PERSON)
    assert [one.id for one in (await listed(runtime)).approvals] == [second]
    assert len((await listed(runtime, all=True)).approvals) == 2


async def test_pages_visit_every_plan_once_also_when_states_change() -> None:
    runtime = await counting()
    made = [await pending(runtime) for _ in range(7)]
    await pending(renamed(runtime, "other"))
    seen, cursor = list[str](), None
    while True:
        page = await listed(runtime, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [one.id for one in page.approvals]
        cursor = page.cursor
        if cursor is None:
            break
        await decide(runtime, seen[-1], PERSON)
    assert seen == made[::-1]
    assert page.complete


async def test_show_says_who_decided_how() -> None:
    runtime = await counting()
    plan_id = await pending(runtime)
    clock(runtime).advance(60)
    await decide(runtime, plan_id, PERSON, deny=True)
    found = await shown(runtime, plan_id)
    assert (found.state, found.decided_by, found.decided_how) == ("denied", "ann", "terminal")
    assert found.text == ("0 becomes 1",)


async def test_expired_plans_say_so() -> None:
    runtime = await counting()
    plan_id = await pending(runtime)
    clock(runtime).advance(3_600)
    assert (await shown(runtime, plan_id)).expired
    assert (await listed(runtime)).approvals == ()
    assert [(one.id, one.expired) for one in (await listed(runtime, all=True)).approvals] == [(plan_id, True)]


async def test_plans_of_other_profiles_are_not_shown() -> None:
    runtime = await counting()
    plan_id = await pending(runtime)
    other = renamed(runtime, "other")
    assert (await listed(other)).approvals == ()
    with pytest.raises(NotFound):
        await shown(other, plan_id)
