"""Schemas as a model reads them: true, and as short as they can be.

Inputs come from pydantic without its titles, references, nulls and limits: a value beyond a limit gets an
error that names it. An output schema declares the parts that have parts, and their description names what
stands in them; plain values beside them speak for themselves. Of what a change returns it names the fields.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from bunsui.tools.tool import AnyTool

Schema = dict[str, Any]

FORMAT: Schema = {"enum": ["concise", "detailed"], "description": "Default concise."}
NAMED = 6
"""Fields of a part that an output schema names."""
CURSOR: Schema = {"type": "string", "description": "`cursor` of the page before."}

_KEPT = ("type", "enum", "description", "default")


def input_schema(tool: AnyTool) -> Schema:
    """What a call takes: the tool's input, how long the result may be, and the next page."""
    raw = tool.input.model_json_schema()
    definitions = raw.get("$defs", {})
    properties = {name: _tight(part, definitions) for name, part in raw.get("properties", {}).items()}
    if pages(tool):
        properties["cursor"] = CURSOR
    if tool.reads and nests(tool):
        properties["response_format"] = FORMAT
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": raw["required"]} if raw.get("required") else schema


def pages(tool: AnyTool) -> bool:
    """Whether long results are paged here, because the tool has no pages of its own."""
    return tool.reads and nests(tool) and "cursor" not in tool.input.model_fields


def nests(tool: AnyTool) -> bool:
    """Whether parts of the output have parts themselves, so that a result may be long."""
    parts = [field.parts for field in _fields(tool.output) if field.parts]
    return any(field.parts for part in parts for field in _fields(part))


def output_schema(tool: AnyTool) -> Schema:
    """What a result holds: its parts, of a change and where there are none its fields."""
    parts = [field for field in _fields(tool.output) if field.parts]
    if not parts or not tool.reads:
        return {"type": "object", "description": _names(tool.output)}
    properties = {
        field.name: {"type": field.kind, "description": _names(field.parts)} for field in parts if field.parts
    }
    return {"type": "object", "properties": properties}


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str | list[str]
    parts: type[BaseModel] | None


def _fields(model: type[BaseModel]) -> Iterator[_Field]:
    for name, field in model.model_fields.items():
        if name != "schema_name":
            yield _Field(name, _kind(field.annotation), _model(field.annotation))


def _kind(annotation: Any) -> str | list[str]:
    kind = "array" if _is_list(annotation) else "object"
    return [kind, "null"] if type(None) in get_args(annotation) else kind


def _names(model: type[BaseModel]) -> str:
    names = [field.name for field in _fields(model)]
    return ", ".join(names if len(names) <= NAMED else [*names[:NAMED], "…"])


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that a list, an optional or an annotated type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {dict, Mapping}:
        return None
    return next((found for part in get_args(annotation) if (found := _model(part))), None)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {tuple, list}:
        return True
    wraps = origin in {Union, types.UnionType, Annotated}
    return wraps and any(_is_list(part) for part in get_args(annotation))


def _tight(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """The schema in one piece: references resolved, null gone; of defaults only those that switch on."""
    whole = _resolved(schema, definitions)
    tight: Schema = {key: whole[key] for key in _KEPT if key in whole}
    if tight.get("default") is not True:
        tight.pop("default", None)
    if "enum" in tight:
        tight.pop("type", None)
    if "items" in whole:
        tight["items"] = _part(whole["items"], definitions)
    return tight


def _part(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    return {key: value for key, value in _tight(schema, definitions).items() if key != "description"}


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """The schema with what `$ref` and the one alternative that is not null say; our own text wins."""
    inner: Schema = {}
    if "$ref" in schema:
        inner = _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for alternative in (one for one in schema.get("anyOf", ()) if one.get("type") != "null"):
        inner |= _resolved(alternative, definitions)
    if "description" in schema:
        inner.pop("description", None)
    return {**inner, **{key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}}
