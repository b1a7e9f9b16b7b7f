"""The only way to a tool: arguments first, then the policy, then the work; nothing before its turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bunsui.errors import PermissionDenied, UsageError
from bunsui.tools.invoke import invoke
from bunsui.tools.policy import Policy, rules
from bunsui.tools.runtime import Runtime
from tests.unit.tools.helpers import AUTOMATION, MODEL, PERSON, counting, kinds, value, yes


async def forbidding(**settings: str) -> Runtime:
    return replace(await counting(), policy=Policy(rules(settings)))


async def test_what_is_forbidden_does_not_happen_and_is_recorded() -> None:
    runtime = await forbidding(**{"counter_*": "deny"})
    with pytest.raises(PermissionDenied, match="counter_write is forbidden in the profile dev") as caught:
        await invoke(runtime, "counter_write", {}, PERSON, approver=yes())
    assert caught.value.details == {"tool": "counter_write", "profile": "dev"}
    assert await value(runtime) == 0
    assert await kinds(runtime) == ["denied"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("counter_write", {"by": 0}), ("counter_write", {"unknown": 1}), ("counter_peek", {"by": 1})],
)
async def test_wrong_arguments_are_refused_before_anybody_is_asked(
    name: str, arguments: dict[str, Any]
) -> None:
    runtime, person = await counting(protected=True), yes()
    with pytest.raises(UsageError):
        await invoke(runtime, name, arguments, MODEL, approver=person)
    assert person.asked == []
    assert await kinds(runtime) == []


async def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(UsageError, match="counter_wirte"):
        await invoke(await counting(), "counter_wirte", {}, PERSON)


@pytest.mark.parametrize("caller", [PERSON, AUTOMATION, MODEL], ids=lambda caller: caller.kind.value)
async def test_a_dry_run_is_a_read_for_everybody(caller: Any) -> None:
    runtime = await counting(protected=True)
    await invoke(runtime, "counter_destroy", {"dry_run": True}, caller)
    assert await value(runtime) == 0
    assert await kinds(runtime) == []


async def test_reading_may_be_forbidden_too() -> None:
    runtime = await forbidding(counter_peek="deny")
    with pytest.raises(PermissionDenied):
        await invoke(runtime, "counter_peek", {}, MODEL)
