"""What a host loads: budgets, truth of the schemas, hints, toolsets, instructions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from mcp import types

from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.registry import TABLE, Registry
from bunsui_mcp.instructions import instructions
from bunsui_mcp.listing import described
from bunsui_mcp.options import Options
from bunsui_mcp.schemas import input_schema
from bunsui_mcp.toolsets import DEFAULT, names, offered
from tests.mcp.connections import ALL, in_memory
from tests.unit.tools.helpers import counting

WRITING = Options(allow_write=True)


def tokens(tool: types.Tool) -> float:
    listed = tool.model_dump(by_alias=True, mode="json", exclude_none=True)
    return len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False)) / 4


def listed(options: Options) -> list[types.Tool]:
    return [described(entry) for entry in offered(Registry(), options)]


@pytest.mark.parametrize("options", [Options(), WRITING, replace(ALL, toolsets=("default",))])
def test_the_default_toolset_is_small(options: Options) -> None:
    tools = listed(options)
    assert len(tools) <= 20
    assert sum(map(tokens, tools)) <= 5_000


def test_the_full_set_is_lean() -> None:
    sizes = {tool.name: tokens(tool) for tool in listed(ALL)}
    assert set(sizes) == set(Registry().names())
    assert max(sizes.values()) <= 600, max(sizes, key=lambda name: sizes[name])
    assert sum(sizes.values()) / len(sizes) <= 250


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_every_tool_says_what_it_is(entry: Any) -> None:
    tool, source = described(entry), entry.load()
    assert tool.title == source.title
    assert tool.description == source.description
    hints = tool.annotations
    assert hints is not None
    assert hints.read_only_hint is (entry.effect is Effect.READ)
    assert hints.destructive_hint is (entry.effect is Effect.DESTROY)
    assert hints.idempotent_hint is not None
    assert hints.open_world_hint is not None
    assert tool.icons or entry.effect in {Effect.READ, Effect.WRITE}
    properties = tool.input_schema["properties"]
    assert set(source.input.model_fields) <= set(properties)
    assert all(part["description"] for part in properties.values())
    assert all("title" not in part and "$ref" not in str(part) for part in properties.values())
    assert set(tool.input_schema.get("required", [])) == {
        name for name, field in source.input.model_fields.items() if field.is_required()
    }


def test_no_field_of_an_output_is_one_of_an_error() -> None:
    """A host may check an error against the output schema of its tool."""
    for tool in listed(ALL):
        assert tool.output_schema is not None
        declared = set(tool.output_schema.get("properties", {}))
        assert not declared & {"code", "message", "retryable", "next_steps", "details"}


def test_toolsets() -> None:
    registry = Registry()
    assert set(DEFAULT) <= set(registry.names())
    assert names(registry)[:3] == ("default", "all", "reads")
    reads = offered(registry, Options(toolsets=("reads",), allow_write=True, allow_destroy=True))
    assert {entry.effect for entry in reads} == {Effect.READ}
    jobs = offered(registry, Options(toolsets=("job", "audit")))
    assert {entry.noun for entry in jobs} == {"job", "audit"}
    with pytest.raises(UsageError, match="no toolset"):
        offered(registry, Options(toolsets=("jobs",)))
    assert all(entry.effect is not Effect.DESTROY for entry in offered(registry, WRITING))


@pytest.mark.parametrize("options", [Options(), WRITING, ALL])
def test_instructions_are_short_and_name_the_switch(options: Options) -> None:
    text = instructions(options)
    assert len(text) / 4 <= 150
    assert ("--allow-write" in text) == (not options.allow_write)


def test_numbers_and_choices_keep_their_types() -> None:
    properties = input_schema(Registry().tool("session_list"))["properties"]
    assert properties["limit"]["type"] == "integer"
    assert "failed" in properties["status"]["enum"]
    assert properties["tags"]["type"] == "object"


async def test_the_list_is_the_same_every_time_and_for_everyone() -> None:
    runtime = await counting()
    seen = []
    for _ in range(2):
        async with in_memory(replace(runtime)) as client:
            seen.append([tool.name for tool in (await client.list_tools()).tools])
    assert seen[0] == seen[1]
    assert seen[0] == list(runtime.registry.names())
