"""The registry as a source of tools: a call goes through `invoke`, as from every other front end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
from mcp import types

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import PlanState
from bunsui.core.text import clean
from bunsui.errors import ApprovalDenied, BunsuiError, PermissionDenied, UsageError
from bunsui.tools.approver import Approver
from bunsui.tools.call import AuditSubject, record
from bunsui.tools.context import Emit, Progress
from bunsui.tools.invoke import invoke
from bunsui.tools.registry import Entry
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import AnyTool, ToolResult
from bunsui_mcp.clients import caller, reads_structure
from bunsui_mcp.listing import described
from bunsui_mcp.options import Options, switch
from bunsui_mcp.paging import size
from bunsui_mcp.questions import KEY, Brought, Dialogue, InputNeeded, asked
from bunsui_mcp.results import PAGE_BYTES, Known, Shape, refused, succeeded
from bunsui_mcp.schemas import pages
from bunsui_mcp.sources import Context, ToolAnswer
from bunsui_mcp.toolsets import lacking, offered

Arguments = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class RegisteredTools:
    """Those tools of a runtime that the options offer."""

    runtime: Runtime
    options: Options

    async def listed(self) -> Sequence[types.Tool]:
        """The offered tools in the order of the registry."""
        return [described(entry) for entry in offered(self.runtime.registry, self.options)]

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        """Call a tool; every failure comes back as the one error shape."""
        as_text = self.options.text_only or not reads_structure(ctx)
        try:
            tool = self._offered(params.name).load()
            arguments, shape = _shaped(tool, dict(params.arguments or {}), as_text=as_text)
            return await self._called(ctx, tool, arguments, shape, params)
        except InputNeeded as needed:
            return asked(needed.question)
        except BunsuiError as error:
            return refused(error, self._known(), as_text=as_text)

    async def forged(self, ctx: Context) -> None:
        """A call brought a state that this server did not give, or not for this call."""
        name = str((ctx.params or {}).get("name", ""))[:80]
        about = AuditSubject(kind="denied", tool=name)
        await record(self.runtime, caller(ctx), about, {"code": "invalid_request_state"})

    def _known(self) -> Known:
        """The tools that a host has, and what would offer the others: a next step says it."""
        registry, options = self.runtime.registry, self.options
        has = frozenset(entry.name for entry in offered(registry, options))
        return Known(offered=has, lacking=lacking(registry, options))

    def _offered(self, name: str) -> Entry:
        entry = self.runtime.registry.entry(name)
        if not self.options.permits(entry.effect):
            flags = lacking(self.runtime.registry, self.options)[name]
            raise PermissionDenied(
                f"{name} is not offered: this server was started without {switch(entry.effect)}",
                next_steps=[f"a person starts it with: bunsui mcp serve {flags}"],
                details={"tool": name, "switch": switch(entry.effect)},
            )
        return entry

    async def _called(
        self,
        ctx: Context,
        tool: AnyTool,
        arguments: Arguments,
        shape: Shape,
        params: types.CallToolRequestParams,
    ) -> types.CallToolResult:
        approver: Approver = Dialogue(ctx=ctx, within=self.options.answer_within)
        wait = self.options.decide_within if arguments.get("plan_id") else 0.0
        if params.request_state is not None:
            action = _brought(params)
            await self._check_still_asked(ctx, params.request_state, action)
            arguments = {**arguments, "plan_id": params.request_state}
            approver, wait = Brought(ctx=ctx, action=action), 0.0
        calling = invoke(
            self.runtime, tool.name, arguments, caller(ctx), approver=approver, emit=progress(ctx), wait=wait
        )
        result = await (calling if tool.reads else to_its_end(calling))
        return await self._fitting(ctx, tool, arguments, result, shape)

    async def _check_still_asked(self, ctx: Context, plan_id: str, action: str) -> None:
        """A no in the dialogue holds also where somebody said yes on a terminal in the meantime."""
        stored = await self.runtime.ports.store.plans.plan(plan_id)
        if stored.state is PlanState.APPROVED and action != "accept":
            about = AuditSubject(kind="denied", tool=stored.tool, plan_id=plan_id)
            await record(self.runtime, caller(ctx), about, {"code": ApprovalDenied.code, "reply": action})
            raise ApprovalDenied(
                f"{stored.title}: no in the dialogue, but {stored.decided_by} approved plan {plan_id}",
                next_steps=[f"ask the person; to go on, repeat the same call with plan_id {plan_id}"],
                details={"plan_id": plan_id},
            )

    async def _fitting(
        self, ctx: Context, tool: AnyTool, arguments: Arguments, result: ToolResult, shape: Shape
    ) -> types.CallToolResult:
        """The result; of a tool with pages of its own, as many rows as fit."""
        if pages(tool) or not tool.reads or "cursor" not in tool.input.model_fields:
            return succeeded(tool, result, shape)
        field = "tail" if arguments.get("tail") else "limit"
        while (over := size(result.document())) > PAGE_BYTES:
            rows = int(str(getattr(tool.input.model_validate(arguments), field)))
            if rows == 1:
                break
            arguments = {**arguments, field: max(1, rows * PAGE_BYTES // (over * 5 // 4))}
            result = await invoke(self.runtime, tool.name, arguments, caller(ctx))
            if field == "tail":
                result = replace(result, warnings=(f"only the last {arguments[field]} lines fit",))
        return succeeded(tool, result, shape)


def _shaped(tool: AnyTool, arguments: Arguments, *, as_text: bool) -> tuple[Arguments, Shape]:
    """The tool's own arguments, and those about the result. Raises UsageError."""
    if unseen := sorted(name for name, value in arguments.items() if _hides(value)):
        raise UsageError(
            f"{tool.name}: {', '.join(map(repr, unseen))} holds control or unseen characters",
            next_steps=["give plain text"],
            details={"tool": tool.name, "fields": [{"field": name} for name in unseen]},
        )
    wanted = arguments.pop("response_format", None) or "concise"
    if wanted not in {"concise", "detailed"}:
        raise UsageError(
            f"{tool.name}: response_format is none of the allowed values, allowed: concise, detailed",
            details={"tool": tool.name, "fields": [{"field": "response_format"}]},
        )
    cursor = arguments.pop("cursor", None) if pages(tool) else None
    if not isinstance(cursor, str | None):
        raise UsageError(f"{tool.name}: cursor is no text", details={"field": "cursor"})
    return arguments, Shape(detailed=wanted == "detailed", cursor=cursor, as_text=as_text)


def _hides(value: JsonValue) -> bool:
    """Whether a text in it would read differently than it is: nobody could tell what was approved."""
    if isinstance(value, dict):
        return any(_hides(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_hides, value))
    return isinstance(value, str) and clean(value) != value.replace("\r\n", "\n")


def _brought(params: types.CallToolRequestParams) -> str:
    """The answer to our question: `accept`, `decline`, or else `cancel`."""
    response = (params.input_responses or {}).get(KEY)
    return response.action if isinstance(response, types.ElicitResult) else "cancel"


def progress(ctx: Context) -> Emit:
    """Reports to the client, always a little further than before, as the protocol wants it."""
    told = -1.0

    async def emit(now: Progress) -> None:
        nonlocal told
        told = max(float(now.done), told + 0.001)
        await ctx.session.report_progress(told, now.total, now.message)

    return emit


async def to_its_end(work: Awaitable[ToolResult]) -> ToolResult:
    """Run a change in a task of its own: a cancelled call cancels it once, and waits until that is recorded.

    What waits ends with that; what was allowed goes on to its end (`bunsui.tools.change`).
    """
    task: asyncio.Task[Any] = asyncio.ensure_future(work)
    try:
        result: ToolResult = await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        with anyio.CancelScope(shield=True), contextlib.suppress(asyncio.CancelledError, BunsuiError):
            await task
        raise
    return result
