"""Following a session until it ends: a live picture on a terminal, a line for every change elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from bunsui.cli.output import Output
from bunsui.cli.runner import call
from bunsui.cli.style import Style
from bunsui.cli.table import terminal_width
from bunsui.cli.views import session as view
from bunsui.core.session.reconcile import carry_on
from bunsui.tools.runtime import Runtime

LOOK_AGAIN = 2.0
REST = 3.0
"""How much longer than a look takes to wait before the next: a wide map changes all the time."""


async def states(runtime: Runtime, session_id: str, style: Style) -> AsyncIterator[dict[str, Any]]:
    """The document of the session now and after every change, the last one when it has ended."""
    while True:
        begin = time.monotonic()
        result = await call(runtime, "session_show", {"session": session_id}, style)
        document, took = result.document(), time.monotonic() - begin
        yield document
        if document["status"] in view.ENDED:
            return
        await asyncio.sleep(took * REST)
        if not await runtime.ports.store.events.changed(timeout=LOOK_AGAIN):
            # Nothing happens: perhaps nobody is left who could make it happen.
            await carry_on(runtime.ports, session_id)


async def follow(runtime: Runtime, session_id: str, output: Output) -> dict[str, Any]:
    """Show how the session goes, on standard error, and return its last document."""
    if sys.stderr.isatty() and not output.quiet:
        return await _live(runtime, session_id, output)
    before: dict[str, Any] | None = None
    async for document in states(runtime, session_id, output.style):
        for line in view.changes(before, document):
            output.say(line)
        before = document
    return before or {}


async def _live(runtime: Runtime, session_id: str, output: Output) -> dict[str, Any]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    document: dict[str, Any] = {}
    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        async for document in states(runtime, session_id, output.style):
            lines = view.show(document, Style(output.style.on), terminal_width())
            live.update(Text.from_ansi("\n".join(lines)), refresh=True)
    return document
