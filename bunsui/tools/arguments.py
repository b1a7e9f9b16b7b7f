"""Arguments of a call: checked against the tool's input, with one error that names every field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError
from bunsui.tools.redact import redact
from bunsui.tools.text import clip

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from bunsui.tools.tool import AnyTool, Input


def parse(tool: AnyTool, arguments: Mapping[str, JsonValue]) -> Input:
    """The typed input. Raises UsageError whose `details["fields"]` names every field and its problem."""
    try:
        parsed: Input = tool.input.model_validate(dict(arguments))
    except ValidationError as error:
        raise _usage(tool, error) from None
    return parsed


def _usage(tool: AnyTool, error: ValidationError) -> UsageError:
    errors = error.errors(include_url=False, include_context=False)
    findings = [_finding(tool, one) for one in errors]
    lines = "; ".join(told(finding) for finding in findings)
    return UsageError(
        f"{tool.name}: {lines}",
        next_steps=[f"bunsui tool {tool.name} --schema"],
        details={"tool": tool.name, "fields": [dict(finding) for finding in findings]},
    )


def _finding(tool: AnyTool, error: ErrorDetails) -> dict[str, JsonValue]:
    field = ".".join(str(part) for part in error["loc"]) or "input"
    known = tool.input.model_fields
    finding: dict[str, JsonValue] = {"field": clip(field, 80) or repr(field[:20]), "problem": _problem(error)}
    if error["type"] not in {"missing", "extra_forbidden"}:
        finding["value"] = _shown(field, error["input"])
    if error["type"] == "extra_forbidden":
        finding["nearest"] = next(iter(difflib.get_close_matches(field, known, n=1)), None)
        finding["allowed"] = list(known)
    elif allowed := _allowed(tool, error["loc"]):
        finding["allowed"] = list(allowed)
    return finding


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this tool"
    if error["type"] == "missing":
        return "is required"
    if error["type"] in {"enum", "literal_error"}:
        return "is none of the allowed values"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _shown(field: str, value: Any) -> str:
    redacted = redact({field: value if _is_json(value) else repr(value)})
    shown = redacted[field] if isinstance(redacted, dict) else redacted
    return clip(shown if isinstance(shown, str) else repr(shown), 120)


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list | dict)


def _allowed(tool: AnyTool, loc: Sequence[int | str]) -> list[str]:
    schema = tool.input.model_json_schema()
    field = schema.get("properties", {}).get(str(loc[0])) if loc else None
    return _enumerated(field or {}, schema.get("$defs", {}))


def _enumerated(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    if "$ref" in schema:
        return _enumerated(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "enum" in schema:
        return [str(value) for value in schema["enum"]]
    nested = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return [value for one in nested for value in _enumerated(one, definitions)]


def told(finding: Mapping[str, JsonValue]) -> str:
    """A finding in words: the field, its problem, the value, and what is allowed."""
    text = f"{finding['field']} {finding['problem']}"
    if "value" in finding:
        text += f" (got {finding['value']!r})"
    if finding.get("nearest"):
        return f"{text}, did you mean {finding['nearest']}?"
    allowed = finding.get("allowed")
    return f"{text}, allowed: {', '.join(map(str, allowed))}" if isinstance(allowed, list) else text
