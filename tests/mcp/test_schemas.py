"""Schemas as a model reads them: in one piece, short, and true to the tool's own validation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.tools.registry import TABLE, Registry
from bunsui.tools.tool import AnyTool
from bunsui_mcp.schemas import input_schema, nests, output_schema, pages

REGISTRY = Registry(TABLE)
TOOLS = [REGISTRY.tool(entry.name) for entry in REGISTRY]
EACH = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
OURS = {"cursor", "response_format"}


def keys(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        return set(schema) | {key for part in schema.values() for key in keys(part)}
    return {key for part in schema for key in keys(part)} if isinstance(schema, list) else set()


@EACH
def test_every_field_is_there_and_required_where_the_tool_requires_it(tool: AnyTool) -> None:
    schema, fields = input_schema(tool), tool.input.model_fields
    assert set(schema["properties"]) - OURS == set(fields) - OURS
    required = {name for name, info in fields.items() if info.is_required()}
    assert set(schema.get("required", [])) == required


@EACH
def test_a_schema_is_in_one_piece(tool: AnyTool) -> None:
    found = keys(input_schema(tool)) - set(tool.input.model_fields)
    assert not found & {"$ref", "$defs", "anyOf", "title", "maxLength", "minimum"}
    json.dumps(input_schema(tool))


@EACH
def test_every_property_says_what_it_is(tool: AnyTool) -> None:
    for name, part in input_schema(tool)["properties"].items():
        assert part.get("description"), name
        assert "type" in part or "enum" in part, name


@EACH
def test_only_long_reads_are_paged_and_shortened(tool: AnyTool) -> None:
    properties = input_schema(tool)["properties"]
    assert ("response_format" in properties) is (tool.reads and nests(tool))
    assert not pages(tool) or (tool.reads and "cursor" in properties)


@EACH
def test_what_a_result_holds_is_named(tool: AnyTool) -> None:
    schema = output_schema(tool)
    assert schema["type"] == "object"
    for name, part in schema.get("properties", {}).items():
        assert name in tool.output.model_fields
        assert part["description"]
    assert schema.get("properties") or schema["description"]
