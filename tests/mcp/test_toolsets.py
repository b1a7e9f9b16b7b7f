"""Toolsets: which tools a host loads, and that no switch is widened by a name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.registry import TABLE, Registry
from bunsui_mcp.options import Options
from bunsui_mcp.toolsets import DEFAULT, names, offered, selected

REGISTRY = Registry(TABLE)


def options(*toolsets: str, **more: Any) -> Options:
    return dataclasses.replace(Options(), toolsets=toolsets, **more)


def test_the_default_names_tools_that_there_are() -> None:
    assert set(DEFAULT) <= {entry.name for entry in REGISTRY}
    assert len(selected(REGISTRY, options("default"))) == len(DEFAULT)


@pytest.mark.parametrize("name", names(REGISTRY))
def test_every_toolset_holds_something_and_no_tool_twice(name: str) -> None:
    found = [entry.name for entry in selected(REGISTRY, options(name))]
    assert found
    assert len(set(found)) == len(found)


def test_all_is_everything_and_two_toolsets_are_both() -> None:
    assert selected(REGISTRY, options("all")) == tuple(REGISTRY)
    both = selected(REGISTRY, options("job", "ops"))
    assert {entry.noun for entry in both} == {"job", "ops"}


def test_reads_change_nothing() -> None:
    assert {entry.effect for entry in selected(REGISTRY, options("reads"))} == {Effect.READ}


@pytest.mark.parametrize("name", names(REGISTRY))
def test_without_a_switch_only_reads_are_offered(name: str) -> None:
    assert {entry.effect for entry in offered(REGISTRY, options(name))} <= {Effect.READ}


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no toolset 'sesion'") as caught:
        selected(REGISTRY, options("sesion"))
    assert caught.value.next_steps[0] == "did you mean session?"
