"""`bunsui mcp serve`: the tools for AI assistants, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import logging
import sys
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.cli.runner import runtime_of
from bunsui.errors import MissingExtra, UsageError

_SERVE = (
    "Serve the tools to an AI assistant, on standard input and output, or with --http on a local port. It "
    "only reads unless it is told otherwise; what changes something is planned, and a person is asked."
)


def command() -> Any:
    """The group `mcp`."""
    rows = {"serve": Row("Serve the tools over MCP.", lambda: leaf("serve", serve, help=_SERVE))}
    return LazyGroup("mcp", rows, help="Serve AI assistants over the Model Context Protocol.")


def serve(
    ctx: typer.Context,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Streamable HTTP instead of stdio.")
    ] = None,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Offer tools that change something or cost money.")
    ] = False,
    allow_destroy: Annotated[
        bool, typer.Option("--allow-destroy", help="Offer tools that delete; a person decides each call.")
    ] = False,
    toolset: Annotated[
        list[str] | None,
        typer.Option("--toolset", metavar="NAME", help="default, all, reads, or a noun; repeatable."),
    ] = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="HTTP without a bearer token, on the loopback address only.")
    ] = False,
    json_text: Annotated[
        bool, typer.Option("--json-text", help="Also give results as JSON text, for hosts that need it.")
    ] = False,
) -> None:
    """Serve until the client is gone, or until interrupted."""
    if find_spec("mcp") is None:
        raise MissingExtra(
            "bunsui mcp serve needs the extra bunsui[mcp]", next_steps=["pip install 'bunsui[mcp]'"]
        )
    if no_token and http is None:
        raise UsageError("--no-token is for --http: stdio has no token")
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    from bunsui_mcp.options import Options

    options = Options(
        allow_write=allow_write,
        allow_destroy=allow_destroy,
        toolsets=tuple(toolset or ("default",)),
        text_only=json_text,
    )
    globals_: Globals = ctx.obj
    asyncio.run(_serve(globals_, options, http, token=not no_token))


async def _serve(globals_: Globals, options: Any, http: str | None, *, token: bool) -> None:
    async with runtime_of(globals_) as runtime:
        if http is None:
            from bunsui_mcp.serving import serve_stdio

            await serve_stdio(runtime, options)
        else:
            from bunsui_mcp.http import serve_http

            await serve_http(runtime, options, http, token=token)
