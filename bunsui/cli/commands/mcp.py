"""`bunsui mcp serve`: the tools for AI assistants, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.cli.runner import runtime_of
from bunsui.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from bunsui_mcp.options import Options

_SERVE = (
    "Serve the tools to an AI assistant, on standard input and output, or with --http on a local port. It "
    "only reads unless it is told otherwise; what changes something is planned, and a person is asked."
)


Toolsets = Annotated[
    list[str] | None,
    typer.Option(
        "--toolset",
        metavar="NAME",
        help="Tools to offer: default, all, reads, or a noun such as audit; repeatable. What is given "
        "replaces default.",
    ),
]
AnswerWithin = Annotated[
    float,
    typer.Option(
        "--answer-within", metavar="SECONDS", help="How long a question in the client's dialogue stands."
    ),
]


def command() -> Any:
    """The group `mcp`."""
    rows = {"serve": Row("Serve the tools over MCP.", lambda: leaf("serve", serve, help=_SERVE))}
    return LazyGroup("mcp", rows, help="Serve AI assistants over the Model Context Protocol.")


def serve(  # noqa: PLR0913, PLR0917 - each one is an option of the command
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
    toolset: Toolsets = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="HTTP without a bearer token, on the loopback address only.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="PATH", help="Take the token from this file; made if absent."),
    ] = None,
    answer_within: AnswerWithin = 45.0,
    json_text: Annotated[
        bool, typer.Option("--json-text", help="Also give results as JSON text, for hosts that need it.")
    ] = False,
) -> None:
    """Serve until the client is gone, or until interrupted."""
    if find_spec("mcp") is None:
        raise MissingExtra(
            "bunsui mcp serve needs the extra bunsui[mcp]", next_steps=["pip install 'bunsui[mcp]'"]
        )
    if (no_token or token_file) and http is None:
        raise UsageError("--no-token and --token-file are for --http: stdio has no token")
    if no_token and token_file:
        raise UsageError("--no-token and --token-file contradict each other")
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    from bunsui_mcp.options import Options

    options = Options(
        allow_write=allow_write,
        allow_destroy=allow_destroy,
        toolsets=tuple(toolset or ("default",)),
        text_only=json_text,
        answer_within=answer_within,
    )
    globals_: Globals = ctx.obj
    asyncio.run(
        _serve_http(globals_, options, http, token_file, token=not no_token)
        if http
        else _serve_stdio(globals_, options)
    )


async def _serve_stdio(globals_: Globals, options: Options) -> None:
    from bunsui_mcp.stdio import end_when_interrupted, serve_stdio

    end_when_interrupted()
    async with runtime_of(globals_) as runtime:
        await serve_stdio(runtime, options)


async def _serve_http(
    globals_: Globals, options: Options, where: str, token_file: Path | None, *, token: bool
) -> None:
    from bunsui_mcp.address import address
    from bunsui_mcp.http import serve_http
    from bunsui_mcp.token import kept_token, new_token

    at = address(where)
    made = None if not token else kept_token(token_file) if token_file else new_token()
    async with runtime_of(globals_) as runtime:
        await serve_http(runtime, options, at, made, show=token_file is None)
