"""Front ends as the parity test sees them: a tool and its arguments in, a document or an error code out."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import mcp
from mcp import types

from bunsui.bootstrap import build
from bunsui.cli.app import run
from bunsui.tools.registry import Registry
from bunsui.utils.config import load_settings
from bunsui_mcp.options import Options
from bunsui_mcp.serving import server_of

ALL = Options(allow_write=True, allow_destroy=True, toolsets=("all",))
BESIDE = ("untrusted", "more")
"""What MCP puts beside a document, with `complete` and `cursor` where the tool has none."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a document, or the code of an error."""

    document: dict[str, Any] | None = None
    code: str | None = None


class FrontEnd(Protocol):
    """One way to call a tool over a data directory."""

    def call(self, data_dir: Path, tool: str, arguments: dict[str, Any]) -> Outcome:
        """Call it; questions that may be answered so are answered with yes."""
        ...


async def _yes(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={})


class CommandLine:
    """`bunsui tool NAME --input JSON`, without a terminal."""

    def call(self, data_dir: Path, tool: str, arguments: dict[str, Any]) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        words = ["tool", tool, "--input", json.dumps(arguments), "--yes", "--data-dir", str(data_dir)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(words)
        if status == 0:
            return Outcome(document=json.loads(out.getvalue()))
        found = re.match(r"(\w+): ", err.getvalue())
        assert found, err.getvalue()
        return Outcome(code=found[1])


@dataclass(frozen=True)
class Mcp:
    """The MCP server in memory, in one era, with a client that says yes to every question."""

    era: str

    def call(self, data_dir: Path, tool: str, arguments: dict[str, Any]) -> Outcome:
        return asyncio.run(self._call(data_dir, tool, arguments))

    async def _call(self, data_dir: Path, tool: str, arguments: dict[str, Any]) -> Outcome:
        runtime = build(load_settings({"data_dir": str(data_dir)}))
        try:
            async with mcp.Client(
                server_of(runtime, ALL), mode=self.era, elicitation_callback=_yes
            ) as client:
                result = await client.call_tool(tool, {**arguments, "response_format": "detailed"})
        finally:
            await runtime.ports.store.close()
        document = dict(result.structured_content or {})
        return Outcome(code=document["code"]) if result.is_error else Outcome(document=alone(tool, document))


def alone(tool: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document without what MCP puts beside it."""
    own = Registry().tool(tool).output.model_fields
    beside = {*BESIDE, *({"complete", "cursor"} - set(own))}
    return {name: value for name, value in document.items() if name not in beside}


FRONT_ENDS: dict[str, FrontEnd] = {
    "cli": CommandLine(),
    "mcp-2025": Mcp("legacy"),
    "mcp-2026": Mcp("2026-07-28"),
}
