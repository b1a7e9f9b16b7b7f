"""`bunsui config`: what the settings are, where each came from, and whether the file is right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.cli.output import Output
from bunsui.cli.runner import output_of
from bunsui.cli.table import table, terminal_width
from bunsui.core.models.base import JsonValue
from bunsui.utils.config import SETTINGS, Settings, load_settings

Format = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FORMAT", help="table, json, jsonl or yaml.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def command() -> Any:
    """The group `config`."""
    rows = {
        "show": Row(
            "Show every setting and where its value came from.", lambda: leaf("show", show, help=_SHOW)
        ),
        "check": Row("Check the configuration file.", lambda: leaf("check", check, help=_CHECK)),
    }
    return LazyGroup("config", rows, help="Show and check settings.")


_SHOW = (
    "Show every setting of the chosen profile with its origin: flag, environment, file and line, or default."
)
_CHECK = "Check the whole configuration file, all profiles. Exit status 2 if a key or a value is wrong."


def show(ctx: typer.Context, format: Format = None, json: Json = False) -> None:
    """Print the settings."""
    options: Globals = ctx.obj
    settings = load_settings(options.flags)
    output = output_of(options, format, json=json)
    if not output.for_people:
        output.document(_document(settings))
        return
    limit = terminal_width() if sys.stdout.isatty() else None
    output.lines(
        table(("setting", "value", "from", "what it is"), _rows(settings), output.style, limit=limit)
    )


def _rows(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Every setting with its unit, where it came from and what it is for."""
    about = {setting.name: setting.help for setting in SETTINGS}
    for one in settings.origins:
        value = f"{one.value} {one.unit}".rstrip() if one.value else "-"
        yield one.name, value, one.source, about.get(one.name, "The chosen set of these settings.")
    for pool, size in settings.pools.items():
        yield f"pool {pool}", f"{size} units", str(settings.file), "A limit that all sessions share."
    for name, verdict in settings.policy.items():
        yield f"policy {name}", verdict, str(settings.file), "What is allowed, asked or denied."


def check(ctx: typer.Context, format: Format = None, json: Json = False) -> None:
    """Read the file and say that it is right; a wrong one raises ConfigError."""
    options: Globals = ctx.obj
    settings = load_settings(options.flags)
    output = output_of(options, format, json=json)
    if not output.for_people:
        output.document({"schema": "bunsui.config_check/1", "file": _file(settings), "valid": True})
        return
    output.lines(_checked(settings, output))


def _checked(settings: Settings, output: Output) -> list[str]:
    if settings.file is None:
        return ["There is no configuration file; the defaults apply. bunsui config show lists them."]
    profiles = ", ".join(settings.profiles)
    return [f"{output.style.paint('valid', 'green')}  {settings.file}  (profiles: {profiles})"]


def _file(settings: Settings) -> str | None:
    return str(settings.file) if settings.file else None


def _document(settings: Settings) -> dict[str, JsonValue]:
    origins: list[JsonValue] = [
        {"name": one.name, "value": one.value, "unit": one.unit or None, "source": one.source}
        for one in settings.origins
    ]
    return {
        "schema": "bunsui.config/1",
        "file": _file(settings),
        "profile": settings.profile,
        "profiles": list(settings.profiles),
        "settings": origins,
        "pools": dict(settings.pools),
        "policy": dict(settings.policy),
    }
