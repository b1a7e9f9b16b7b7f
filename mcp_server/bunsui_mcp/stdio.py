"""The server over standard input and output, for the one client that started it."""

from __future__ import annotations

import signal
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from bunsui.tools.runtime import Runtime
from bunsui_mcp.options import Options
from bunsui_mcp.serving import server_of

Incoming = SessionMessage | Exception


async def serve_stdio(runtime: Runtime, options: Options) -> None:
    """Serve until the client closes standard input. Raises BrokenPipeError where it is just gone."""
    server, gone = server_of(runtime, options), False
    try:
        await _serve(server)
    except* BrokenPipeError:
        gone = True
    if gone:
        raise BrokenPipeError


def end_when_interrupted() -> None:
    """Let Ctrl-C end the process at once: the thread that reads standard input cannot be woken."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (reading, writing), anyio.create_task_group() as tasks:
        messages, incoming = anyio.create_memory_object_stream[Incoming](0)
        tasks.start_soon(_sorted, reading, messages, writing)
        await server.run(incoming, writing, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _sorted(reading: Any, messages: MemoryObjectSendStream[Incoming], writing: Any) -> None:
    """Pass messages on, and answer lines that are none: the SDK drops them, and who sent one would wait."""
    async with messages:
        async for item in reading:
            if isinstance(item, SessionMessage):
                await messages.send(item)
            elif (answer := _no_message(item)) is not None:
                await writing.send(SessionMessage(answer))


def _no_message(error: Exception) -> types.JSONRPCError | None:
    """What was wrong with a line, without its words; None for an empty line."""
    found = error.errors() if isinstance(error, ValidationError) else []
    if any(isinstance(one["input"], str) and not one["input"].strip() for one in found):
        return None
    no_json = any(one["type"] == "json_invalid" for one in found)
    said = "this line is no JSON that can be read" if no_json else "a line is one JSON-RPC message"
    code = types.PARSE_ERROR if no_json else types.INVALID_REQUEST
    return types.JSONRPCError(jsonrpc="2.0", id=None, error=types.ErrorData(code=code, message=said))
