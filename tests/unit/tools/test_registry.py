"""What every tool must be, over the whole registry."""

from __future__ import annotations

import subprocess
import sys
import types
from enum import Enum
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from bunsui.core.models.plan import Effect
from bunsui.tools.registry import TABLE, Entry
from bunsui.tools.tool import AnyTool, ChangeInput

EFFECTS = {
    "pipeline_register": Effect.WRITE,
    "pipeline_delete": Effect.DESTROY,
    "session_delete": Effect.DESTROY,
    "ops_gc": Effect.DESTROY,
    "session_start": Effect.SPEND,
    "session_rerun": Effect.SPEND,
    "session_stop": Effect.WRITE,
    "session_pause": Effect.WRITE,
    "session_resume": Effect.WRITE,
    "ops_maintenance": Effect.WRITE,
    "session_accept": Effect.WRITE,
}


@pytest.fixture(params=TABLE, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> Entry:
    found: Entry = request.param
    return found


@pytest.fixture
def tool(entry: Entry) -> AnyTool:
    return entry.load()


def test_the_table_says_what_the_tool_says(entry: Entry, tool: AnyTool) -> None:
    assert (tool.name, tool.effect, tool.summary) == (entry.name, entry.effect, entry.summary)
    assert tool.effect is EFFECTS.get(tool.name, Effect.READ)


def test_it_says_what_it_is_for(tool: AnyTool) -> None:
    assert 40 <= len(tool.description) <= 600
    assert tool.summary.endswith(".")
    assert len(tool.summary) <= 72
    assert tool.title


def test_every_field_is_flat_and_described(tool: AnyTool) -> None:
    for name, info in tool.input.model_fields.items():
        assert info.description, f"{tool.name}.{name} has no description"
        assert flat(info.annotation), f"{tool.name}.{name} is not flat: {info.annotation}"


def test_what_changes_is_planned_and_takes_the_plan(tool: AnyTool) -> None:
    assert issubclass(tool.input, ChangeInput) is not tool.reads
    assert (tool.plan is None) is tool.reads
    assert ("dry_run" in tool.input.model_fields) is (tool.preview is not None)


def test_a_number_has_bounds(tool: AnyTool) -> None:
    """Beyond 64 bits nothing can be stored or looked up, and infinity is null in a stored plan."""
    fields = tool.input.model_json_schema()["properties"].values()
    kinds = [kind for field in fields for kind in (field, *field.get("anyOf", ()))]
    numbers = [kind for kind in kinds if kind.get("type") in {"integer", "number"}]
    assert all({"minimum", "maximum"} <= number.keys() for number in numbers)


def test_no_argument_approves(tool: AnyTool) -> None:
    words = {"yes", "confirm", "approve", "approved", "force_approve", "token", "decision", "answer"}
    assert not words & set(tool.input.model_fields)


def test_its_documents_are_named(tool: AnyTool) -> None:
    schema = tool.output.model_json_schema(by_alias=True)["properties"]["schema"]
    assert schema["const"] == schema["default"]
    noun, _, version = schema["const"].removeprefix("bunsui.").partition("/")
    assert noun
    assert version.isdigit()


def flat(annotation: Any) -> bool:
    """Scalars, enums, lists of scalars, and texts by name."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return all(flat(one) for one in inner)
    if origin in (list, tuple):
        return all(scalar(one) for one in inner if one is not Ellipsis)
    if origin is dict:
        return all(scalar(one) for one in inner)
    return scalar(annotation)


def scalar(annotation: Any) -> bool:
    if getattr(annotation, "__metadata__", None):
        return scalar(annotation.__origin__)
    if isinstance(annotation, type):
        return issubclass(annotation, str | int | float | bool | Enum | types.NoneType)
    return all(isinstance(value, str) for value in get_args(annotation))


def test_the_shape_check_refuses_other_shapes() -> None:
    class Nested(BaseModel):
        pass

    assert flat(list[str])
    assert flat(dict[str, str] | None)
    assert not flat(Nested)
    assert not flat(list[dict[str, str]])
    assert not flat(dict[str, list[str]])


def test_one_command_imports_one_tool_module() -> None:
    code = (
        "import sys; from bunsui.tools.registry import Registry; Registry().tool('session_list');"
        "print([m for m in sys.modules if m.startswith('bunsui.tools.') and m.count('.') > 2])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'bunsui.tools.session.find'" in shown
    assert "bunsui.tools.pipeline" not in shown
    assert "bunsui.tools.job" not in shown
