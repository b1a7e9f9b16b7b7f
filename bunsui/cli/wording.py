"""Texts of tools as a person at the command line reads them: commands for tools, options for fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bunsui.cli.parameters import option_name, placeholder
from bunsui.errors import BunsuiError, UsageError
from bunsui.tools.registry import Registry

if TYPE_CHECKING:
    from bunsui.tools.tool import AnyTool

_NAME = re.compile(r"\b[a-z]+_[a-z]+\b")
_FIELD = re.compile(r"`(\w+)(?:=([^`\s]+))?`")
_IN_BOTH = re.compile(r"\b[a-z_]+(?: [a-z]-\S+)? \((--[a-z][^)]*)\)")
"""A field, perhaps with the id that it takes, and behind it the same for the command line."""
_FLAGS = {"plan_id": "--plan", "dry_run": "--dry-run"}


def as_command(tool: AnyTool, text: str) -> str:
    """A text of a tool: what it calls other tools and its own fields is told in words of the command line."""
    options = {name: option_name(name, info) for name, info in tool.input.model_fields.items()}

    def field(match: re.Match[str]) -> str:
        option = {**_FLAGS, **options}.get(match[1])
        return match[0] if option is None else f"{option} {match[2]}" if match[2] else option

    return _commands(_FIELD.sub(field, text))


def reword(error: BunsuiError, tool: AnyTool | None = None) -> None:
    """Let an error say what to give on the command line, where it says it in words of programs."""
    fields = error.details.get("fields")
    if tool is not None and isinstance(error, UsageError) and error.details.get("tool") == tool.name:
        findings = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
        if findings:
            error.message = "; ".join(_problems(tool, findings))
            error.next_steps = (f"{_command(tool.name)} --help",)
    error.next_steps = tuple(_IN_BOTH.sub(r"\1", step) for step in error.next_steps)


def _problems(tool: AnyTool, findings: list[dict[str, Any]]) -> Iterator[str]:
    from bunsui.tools.arguments import told

    for finding in findings:
        yield told({**finding, "field": _given(tool, finding)})


def _given(tool: AnyTool, finding: Mapping[str, Any]) -> str:
    """How the value is given of which an error names the field, and perhaps a part of it."""
    name, _, part = str(finding["field"]).partition(".")
    info = tool.input.model_fields.get(name)
    if info is None:
        return str(finding["field"])
    return f"{placeholder(name, info)}{f' ({part})' if part and not part.isdigit() else ''}"


def _commands(text: str) -> str:
    """Names of tools as commands, and the fields that every change has as options."""
    known = Registry()

    def named(match: re.Match[str]) -> str:
        name = match[0]
        return _command(name) if name in known.names() else _FLAGS.get(name, name)

    return _NAME.sub(named, text)


def _command(tool: str) -> str:
    noun, _, verb = tool.partition("_")
    return f"bunsui {noun} {verb}"
