"""One call of a tool from the command line: settings, runtime, invoke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from bunsui.cli.caller import approver, caller
from bunsui.cli.options import Globals
from bunsui.cli.output import Output, choose
from bunsui.cli.style import Style
from bunsui.core.models.base import JsonValue
from bunsui.tools.context import Emit, silent
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import ToolResult
from bunsui.utils.config import load_settings

T = TypeVar("T")


def output_of(options: Globals, format: str | None, *, json: bool) -> Output:
    """How this command prints."""
    return Output(format=choose(format, json=json), style=Style(options.colored), quiet=options.quiet)


@asynccontextmanager
async def runtime_of(options: Globals) -> AsyncIterator[Runtime]:
    """The runtime of the chosen profile, closed again."""
    from bunsui.bootstrap import build

    runtime = build(load_settings(options.flags))
    try:
        yield runtime
    finally:
        await runtime.ports.store.close()


def run_with(options: Globals, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Run a coroutine over the runtime; Ctrl-C cancels it and comes out as KeyboardInterrupt."""

    async def main() -> T:
        async with runtime_of(options) as runtime:
            return await work(runtime)

    return asyncio.run(main())


async def call(
    runtime: Runtime,
    name: str,
    arguments: Mapping[str, JsonValue],
    style: Style,
    *,
    yes: bool = False,
    emit: Emit = silent,
) -> ToolResult:
    """Call a tool as whoever sits at the command line."""
    return await invoke(runtime, name, arguments, caller(), approver=approver(style, yes=yes), emit=emit)
