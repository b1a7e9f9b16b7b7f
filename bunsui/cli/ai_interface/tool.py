"""`bunsui tool`: any tool by its name, JSON in and JSON out, and the schemas of all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from bunsui.cli.lazy import leaf
from bunsui.cli.options import Globals
from bunsui.cli.output import Output
from bunsui.cli.runner import call, output_of, run_with
from bunsui.cli.table import table, terminal_width
from bunsui.core.json_text import InexactJson, read_json
from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError
from bunsui.tools.registry import Registry
from bunsui.tools.tool import AnyTool

_HELP = "Call the tool NAME with JSON and print its result as JSON. --list and --schema tell what there is."
_EPILOG = 'Example: bunsui tool session_rerun --input \'{"session": "20261123-k3f9q2"}\''


def command() -> Any:
    """The command `tool`."""
    return leaf("tool", tool, help=_HELP, epilog=_EPILOG)


def tool(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A tool, such as session_rerun.")] = None,
    input: Annotated[
        str | None,
        typer.Option("--input", metavar="JSON|@FILE|-", help="Arguments: JSON, a file, or - for stdin."),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List all tools.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print schemas instead of calling.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Say yes where a person is asked, recorded as said by a flag.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --list: one JSON document.")] = False,
) -> None:
    """Call, list or describe."""
    options: Globals = ctx.obj
    if list_all:
        _list(output_of(options, None, json=json))
    elif schema:
        _schemas(name)
    elif name:
        _call(options, name, arguments_of(input), yes=yes)
    else:
        raise UsageError("name a tool", next_steps=["bunsui tool --list", "bunsui tool --help"])


def arguments_of(text: str | None) -> dict[str, JsonValue]:
    """Arguments from `--input`. Raises UsageError for a file that cannot be read, or no JSON object."""
    if text is None:
        return {}
    try:
        value = read_json(_source(text))
    except orjson.JSONDecodeError as error:
        raise UsageError(f"option --input: is not JSON: {error}") from error
    except InexactJson as error:
        raise UsageError(f"option --input: {error}") from error
    if not isinstance(value, dict):
        raise UsageError("option --input: must be a JSON object")
    return value


def _source(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"option --input: {text[1:]}: {error.strerror}") from error


def _call(options: Globals, name: str, arguments: dict[str, JsonValue], *, yes: bool) -> None:
    output = output_of(options, "json", json=True)
    result = run_with(options, lambda runtime: call(runtime, name, arguments, output.style, yes=yes))
    output.document(result.document())


def _list(output: Output) -> None:
    entries = list(Registry())
    if output.for_people:
        rows = [(entry.name, entry.effect.value, entry.summary) for entry in entries]
        limit = terminal_width() if sys.stdout.isatty() else None
        output.lines(table(("tool", "effect", "summary"), rows, output.style, limit=limit))
        return
    items: list[JsonValue] = [
        {"name": entry.name, "effect": entry.effect.value, "summary": entry.summary} for entry in entries
    ]
    output.document({"schema": "bunsui.tools/1", "items": items})


def _schemas(name: str | None) -> None:
    registry = Registry()
    names = [name] if name else list(registry.names())
    tools: list[JsonValue] = [describe(registry.tool(one)) for one in names]
    document: JsonValue = {"schema": "bunsui.tool_schemas/1", "items": tools}
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def describe(tool: AnyTool) -> dict[str, JsonValue]:
    """A tool for machines: names, texts, effect, input and output schema."""
    return {
        "name": tool.name,
        "title": tool.title,
        "summary": tool.summary,
        "description": tool.description,
        "effect": tool.effect.value,
        "input": tool.input.model_json_schema(),
        "output": tool.output.model_json_schema(mode="serialization"),
    }
