"""Options and arguments of a command from the input model of its tool.

Values stay text: the tool's own validation reads them, so that every front end says the same about a
wrong one. The marks `Positional` and `Flag` of `bunsui.tools.fields` say what a name alone does not.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.fields import Flag, Positional
from bunsui.tools.tool import AnyTool

_METAVARS = {
    "timeout": "SECONDS",
    "since": "WHEN",
    "search": "TEXT",
    "reason": "TEXT",
    "input": "JSON|@FILE",
    "mocks": "FILE",
    "item": "KEY",
    "plan_id": "PLAN",
}
"""Words for values that the name of their field does not tell."""

_FOLLOW = {
    "session_show": ("watch", "Show the session again whenever it changes, until it ends."),
    "job_logs": ("follow", "Go on printing until the job ends."),
}
_YES = "Say yes where a person is asked, recorded as said by a flag; of no use in a protected profile."
_ANSWERED_BY_A_FLAG = (Effect.WRITE, Effect.SPEND)
_WAIT = frozenset({"session_start", "session_rerun"})


def parameters(tool: AnyTool) -> list[inspect.Parameter]:
    """The signature of the command of a tool, the context first."""
    found = [_parameter("ctx", typer.Context, inspect.Parameter.empty)]
    fields = sorted(tool.input.model_fields.items(), key=lambda item: _positional(item[1]) is None)
    found.extend(_of_field(name, info) for name, info in fields)
    found.extend(_extras(tool))
    return found


def arguments(tool: AnyTool, values: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The arguments of the call from what was given. Raises UsageError for K=V without `=`."""
    given: dict[str, JsonValue] = {}
    for name, info in tool.input.model_fields.items():
        value = values.get(name)
        if value is None or value == [] or (isinstance(value, bool) and value is _default(info)):
            continue
        given[name] = _pairs(option_name(name, info), value) if _is_mapping(info.annotation) else value
    return given


def option_name(name: str, info: FieldInfo) -> str:
    """`--downstream/--no-downstream` for a switch that is on, `--param` for a field marked so."""
    marked = next((mark.name for mark in info.metadata if isinstance(mark, Flag)), None)
    words = marked or name.rstrip("_").replace("_", "-")
    return f"--{words}/--no-{words}" if _default(info) is True else f"--{words}"


def placeholder(name: str, info: FieldInfo) -> str:
    """What a field is called on the command line: its option, or the word that stands for an argument."""
    place = _positional(info)
    return place.metavar if place else f"option {option_name(name, info)}"


def _of_field(name: str, info: FieldInfo) -> inspect.Parameter:
    kind: Any = bool if _bare(info.annotation) is bool else str
    if _repeatable(info.annotation):
        kind = list[str]
    help = _help(info)
    if place := _positional(info):
        argument = typer.Argument(metavar=place.metavar, help=help, show_default=False)
        return _placed(name, kind, argument, required=info.is_required())
    declared = option_name(name, info)
    if kind is bool:
        option = typer.Option(declared, help=help, show_default=False)
        return _parameter(name, Annotated[bool, option], default=_default(info))
    option = typer.Option(declared, metavar=_metavar(name, info), help=help, show_default=False)
    if info.is_required():
        return _parameter(name, Annotated[kind, option])
    return _parameter(name, Annotated[kind | None, option], default=None)


def _help(info: FieldInfo) -> str:
    """The description, and the default where it is a value that a person could have given."""
    default, text = _default(info), info.description or ""
    if default is True:
        return f"{text} [default: yes]"
    if isinstance(default, bool) or default in (None, "", [], {}) or "default" in text:
        return text
    return f"{text} [default: {default:g}]" if isinstance(default, float) else f"{text} [default: {default}]"


def _placed(name: str, kind: Any, argument: Any, *, required: bool) -> inspect.Parameter:
    if required:
        return _parameter(name, Annotated[kind, argument])
    return _parameter(name, Annotated[kind | None, argument], default=None)


def _extras(tool: AnyTool) -> list[inspect.Parameter]:
    extras: list[inspect.Parameter] = []
    if tool.effect in _ANSWERED_BY_A_FLAG:
        extras.append(_flag("yes", _YES))
    if tool.name in _WAIT:
        extras.append(_flag("wait", "Wait until the session ends; exit status 1 if it ends badly."))
    if tool.name in _FOLLOW:
        extras.append(_flag(*_FOLLOW[tool.name]))
    format = typer.Option("--output", "-o", metavar="FORMAT", help="table, json, jsonl or yaml.")
    extras.append(_flag("json", "Print one JSON document."))
    extras.append(_parameter("format", Annotated[str | None, format], default=None))
    return extras


def _flag(name: str, help: str) -> inspect.Parameter:
    return _parameter(name, Annotated[bool, typer.Option(f"--{name}", help=help)], default=False)


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _positional(info: FieldInfo) -> Positional | None:
    return next((mark for mark in info.metadata if isinstance(mark, Positional)), None)


def _default(info: FieldInfo) -> Any:
    return info.get_default(call_default_factory=True) if not info.is_required() else None


def _bare(annotation: Any) -> Any:
    """The type without None."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0]
    return annotation


def _repeatable(annotation: Any) -> bool:
    return get_origin(_bare(annotation)) in (list, tuple, dict, frozenset)


def _is_mapping(annotation: Any) -> bool:
    return get_origin(_bare(annotation)) is dict


def _metavar(name: str, info: FieldInfo) -> str:
    bare = _bare(info.annotation)
    if get_origin(bare) is Literal:
        return "|".join(map(str, get_args(bare)))
    if isinstance(bare, type) and issubclass(bare, Enum):
        return "|".join(str(member.value) for member in bare)
    if _is_mapping(bare):
        return "K=V"
    if _repeatable(bare):
        return name.removesuffix("s").upper()
    return _METAVARS.get(name) or {int: "N"}.get(bare, name.rstrip("_").upper())


def _pairs(option: str, given: list[str]) -> dict[str, JsonValue]:
    pairs: dict[str, JsonValue] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"option {option}: must be NAME=VALUE, not '{word}'")
        if key in pairs:
            raise UsageError(f"option {option}: {key} is given twice")
        pairs[key] = value
    return pairs
