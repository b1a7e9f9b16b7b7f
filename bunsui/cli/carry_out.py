"""A generated command at work: call its tool, print the result, wait or follow where asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from bunsui.cli.options import Globals
from bunsui.cli.output import Output
from bunsui.cli.parameters import arguments
from bunsui.cli.runner import call, output_of, run_with
from bunsui.cli.table import terminal_width
from bunsui.cli.views import lines_of
from bunsui.cli.wording import reword
from bunsui.core.models.base import JsonValue
from bunsui.errors import EXIT_STATUS, BunsuiError, RunFailed
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import AnyTool

FAILED = EXIT_STATUS[RunFailed.code]


def carry_out(tool: AnyTool, values: Mapping[str, Any]) -> int:
    """Run one command and return its exit status."""
    options: Globals = values["ctx"].obj
    output = output_of(options, values["format"], json=values["json"])
    given = arguments(tool, values)

    async def work(runtime: Runtime) -> int:
        if values.get("watch"):
            return await _watch(runtime, str(given["session"]), output)
        if tool.name == "job_logs" and (output.for_people or values["follow"]):
            return await _log(runtime, given, output, follow=values["follow"])
        result = await call(runtime, tool.name, given, output.style, yes=bool(values.get("yes")))
        for warning in result.warnings:
            output.say(output.style.paint(f"warning: {warning}", "yellow"))
        document: dict[str, Any] = dict(result.document())
        if values.get("wait") and "id" in document:
            return await _wait(runtime, document, output)
        show(tool.name, document, output)
        return status_of(tool.name, document)

    try:
        return run_with(options, work)
    except BunsuiError as error:
        reword(error, tool)
        raise


def show(name: str, document: dict[str, Any], output: Output) -> None:
    """Print a document, or its view for people."""
    if not output.for_people:
        output.document(document)
        return
    limit = terminal_width() if sys.stdout.isatty() else None
    output.lines(lines_of(name, document, output.style, limit))


def status_of(name: str, document: Mapping[str, Any]) -> int:
    """1 for checks that found something and waits for what ended badly, 124 for waits that were too short."""
    if name in {"pipeline_validate", "ops_doctor", "audit_verify"}:
        return 0 if document.get("valid", document.get("ok")) else FAILED
    if name == "session_wait" and document.get("status") in {"failed", "stopped", "timed_out"}:
        return FAILED
    if name == "session_wait" and not document["ended"]:
        return EXIT_STATUS["timeout"]
    return 0


async def _watch(runtime: Runtime, session_id: str, output: Output) -> int:
    from bunsui.cli.watch import follow

    document = await follow(runtime, session_id, output)
    show("session_show", document, output)
    return 0


async def _wait(runtime: Runtime, started: dict[str, Any], output: Output) -> int:
    from bunsui.cli.views.session import plan
    from bunsui.cli.watch import follow

    if started.get("plan"):
        for line in plan(started["plan"], output.style, None):
            output.say(line)
    output.say(f"session {started['id']}")
    document = await follow(runtime, started["id"], output)
    show("session_show", {**started, **document, "schema": started["schema"]}, output)
    return 0 if document["status"] == "succeeded" else FAILED


async def _log(runtime: Runtime, given: Mapping[str, JsonValue], output: Output, *, follow: bool) -> int:
    from bunsui.cli.follow_log import print_log

    return await print_log(runtime, given, output, follow=follow)
