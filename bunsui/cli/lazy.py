"""Command groups that import a command when it is used, and lists of commands that import nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True, slots=True)
class Row:
    """One command: what the list says of it, the section it stands in, and how it is loaded."""

    help: str
    load: Callable[[], Any]
    section: str = "Commands"


class LazyGroup(TyperGroup):
    """A group over a table of rows."""

    def __init__(self, name: str, rows: Mapping[str, Row], *, help: str, epilog: str = "") -> None:
        super().__init__(
            name=name,
            help=help,
            epilog=epilog or None,
            rich_markup_mode=None,
            no_args_is_help=True,
            context_settings=CONTEXT,
        )
        self._rows = rows

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self._rows)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        row = self._rows.get(cmd_name)
        return row.load() if row else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list, from the table alone, section by section."""
        for section in dict.fromkeys(row.section for row in self._rows.values()):
            rows = [(name, row.help) for name, row in self._rows.items() if row.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


class PlainArgument(TyperArgument):
    """An argument by its name alone: its type is Python's, and braces say nothing to a reader."""

    def display_type_rich(self, ctx: Any) -> str | None:
        return None

    def get_usage_pieces(self, ctx: Any) -> list[str]:
        name = self.display_name_raw if self.required else f"[{self.display_name_raw}]"
        return [name + ("..." if self.nargs != 1 else "")]


def leaf(
    name: str,
    function: Callable[..., Any],
    *,
    help: str,
    epilog: str = "",
    signature: inspect.Signature | None = None,
) -> Any:
    """One command from a function; `signature` replaces the function's own."""
    if signature is not None:
        function.__signature__ = signature  # type: ignore[attr-defined]
        function.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=CONTEXT
    )
    app.command(name, help=help, epilog=epilog or None)(function)
    command = get_command(app)
    for parameter in command.params:
        if isinstance(parameter, TyperArgument):
            # Typer makes its own and has no hook for another kind.
            parameter.__class__ = PlainArgument
    return command
