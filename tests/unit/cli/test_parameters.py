"""Options from the input model of a tool: every field once, values as text, pairs read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from bunsui.cli.parameters import arguments, option_name, parameters
from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.registry import TABLE, Registry
from bunsui.tools.tool import AnyTool

REGISTRY = Registry(TABLE)
TOOLS = [REGISTRY.tool(entry.name) for entry in REGISTRY]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_field_of_a_tool_is_one_parameter(tool: AnyTool) -> None:
    names = [one.name for one in parameters(tool)]
    assert len(set(names)) == len(names)
    assert set(tool.input.model_fields) <= set(names)
    assert ("yes" in names) is (tool.effect in {Effect.WRITE, Effect.SPEND})
    inspect.Signature(parameters(tool))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_no_two_fields_share_an_option_and_none_takes_ours(tool: AnyTool) -> None:
    options = [option_name(name, info).split("/")[0] for name, info in tool.input.model_fields.items()]
    assert len(set(options)) == len(options)
    assert not {"--json", "--output", "--yes", "--profile", "--config", "--debug", "--quiet"} & set(options)


def start(**values: Any) -> dict[str, Any]:
    return arguments(REGISTRY.tool("session_start"), values)


def test_what_was_not_given_is_left_to_the_tool() -> None:
    assert start(pipelines=["p"], key=None, params=[], allow_duplicate=False) == {"pipelines": ["p"]}
    assert start(pipelines=["p"], allow_duplicate=True)["allow_duplicate"] is True


def test_pairs_are_cut_at_the_first_sign() -> None:
    assert start(pipelines=["p"], params=["a=1=2", "b="])["params"] == {"a": "1=2", "b": ""}


@pytest.mark.parametrize(
    ("given", "message"),
    [(["a"], "must be NAME=VALUE, not 'a'"), (["=1"], "must be NAME=VALUE"), (["a=1", "a=2"], "given twice")],
)
def test_what_is_no_pair_is_told_with_its_option(given: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=f"option --param: .*{message}"):
        start(pipelines=["p"], params=given)


def test_a_switch_that_is_on_can_be_put_off() -> None:
    fields = REGISTRY.tool("session_rerun").input.model_fields
    assert option_name("downstream", fields["downstream"]) == "--downstream/--no-downstream"
    assert (
        arguments(REGISTRY.tool("session_rerun"), {"session": "s", "downstream": False})["downstream"]
        is False
    )
