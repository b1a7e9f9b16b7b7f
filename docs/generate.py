"""Write docs/reference from the registry, the settings and the error table. `make docs` runs it.

With `--check` nothing is written: the exit status says whether the committed pages are up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bunsui.cli.ai_interface.tool import describe
from bunsui.errors import EXIT_STATUS
from bunsui.tools.registry import Registry
from bunsui.utils.config import SETTINGS

REFERENCE = Path(__file__).parent / "reference"


def tools() -> Iterator[str]:
    """One section a tool: what it is for, its effect, its fields."""
    yield "# Tools\n"
    yield "Each is a command (`session_rerun` is `bunsui session rerun`) and `bunsui tool NAME --input JSON`."
    yield "`bunsui tool --schema` prints the whole JSON Schemas.\n"
    for entry in Registry():
        tool = describe(entry.load())
        yield f"## {tool['name']}\n"
        yield f"{tool['summary']} Effect: **{tool['effect']}**.\n"
        yield f"{tool['description']}\n"
        yield from fields(tool["input"])


def fields(schema: Any) -> Iterator[str]:
    """A table over the fields of an input."""
    required = schema.get("required", [])
    if not schema["properties"]:
        return
    yield "| field | | |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        need = "required" if name in required else f"default `{field.get('default')}`"
        text = field.get("description", "").replace("|", "&#124;")
        yield f"| `{name}` | {need} | {text} |"
    yield ""


def settings() -> Iterator[str]:
    """Every setting of a profile."""
    yield "# Settings\n"
    yield "In `[profiles.NAME]` of the configuration file, as an environment variable, or as a flag.\n"
    yield "| setting | variable | value | |"
    yield "|---|---|---|---|"
    for one in SETTINGS:
        yield f"| `{one.name}` | `{one.variable}` | {one.expects} | {one.help} |"
    yield "\n`[profiles.NAME.policy]` maps a pattern of tool names (`session_*`, or `model:session_*` for one"
    yield "kind of caller) to `allow`, `ask` or `deny`. The first pattern that fits speaks."
    yield "\n`[profiles.NAME.pools]` maps the name of a pool to its size in units."


def errors() -> Iterator[str]:
    """Every error code with its exit status."""
    yield "# Error codes and exit status\n"
    yield "| code | exit status |"
    yield "|---|---|"
    for code, status in EXIT_STATUS.items():
        yield f"| `{code}` | {status} |"


PAGES = {"tools.md": tools, "settings.md": settings, "errors.md": errors}


def main(arguments: list[str]) -> int:
    """Write or check all pages."""
    stale = []
    for name, page in PAGES.items():
        text = "\n".join(page()).rstrip() + "\n"
        path = REFERENCE / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print(f"{len(stale)} of {len(PAGES)} pages {'are stale' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
