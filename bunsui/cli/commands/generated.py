"""Commands made from tools: `session_rerun` becomes `bunsui session rerun`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from bunsui.cli.app import COMMANDS
from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.parameters import parameters
from bunsui.cli.wording import as_command
from bunsui.tools.registry import Entry, Registry
from bunsui.tools.tool import AnyTool


def group(noun: str) -> LazyGroup:
    """The group of a noun: one command a tool."""
    return LazyGroup(noun, rows(noun), help=COMMANDS[noun].help)


def rows(noun: str) -> dict[str, Row]:
    """The commands of a noun, none of them loaded."""
    entries = [entry for entry in Registry() if entry.noun == noun]
    return {entry.verb: Row(entry.summary, partial(_load, entry)) for entry in entries}


def doctor() -> Any:
    """`bunsui doctor`, the one alias."""
    return _load(Registry().entry("ops_doctor"))


def _load(entry: Entry) -> Any:
    tool = entry.load()
    given = parameters(tool)
    return leaf(
        entry.verb,
        _command(tool),
        help=as_command(tool, f"{tool.summary}\n\n{tool.description}"),
        signature=inspect.Signature(given),
    )


def _command(tool: AnyTool) -> Callable[..., int]:
    def command(**values: Any) -> int:
        from bunsui.cli.carry_out import carry_out

        return carry_out(tool, values)

    return command
