"""A runtime as an MCP server."""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import Server

from bunsui.tools.runtime import Runtime
from bunsui_mcp.application import create
from bunsui_mcp.completions import RuntimeCompletions
from bunsui_mcp.instructions import instructions
from bunsui_mcp.options import Options
from bunsui_mcp.prompts import FolderPrompts
from bunsui_mcp.registered import RegisteredTools
from bunsui_mcp.resources import RuntimeResources
from bunsui_mcp.sources import Sources
from bunsui_mcp.toolsets import selected


def server_of(runtime: Runtime, options: Options) -> Server[Any]:
    """The server over a runtime. Raises UsageError for a toolset that there is not."""
    selected(runtime.registry, options)
    tools = RegisteredTools(runtime, options)
    sources = Sources(
        tools=tools,
        resources=RuntimeResources(runtime),
        prompts=FolderPrompts(),
        completions=RuntimeCompletions(runtime),
        forged=tools.forged,
    )
    return create(sources, instructions(options))
