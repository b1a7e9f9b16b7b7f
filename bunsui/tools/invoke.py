"""The only way to call a tool: validate, authorise, plan, approve, run, record."""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import Effect
from bunsui.errors import PermissionDenied, UsageError
from bunsui.tools.approver import NOBODY, Approver
from bunsui.tools.arguments import parse
from bunsui.tools.call import Call
from bunsui.tools.change import change, plan_of
from bunsui.tools.context import Caller, Emit, silent
from bunsui.tools.plans import plan_digest
from bunsui.tools.policy import Decision, Deny
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import ToolResult


async def invoke(
    runtime: Runtime,
    name: str,
    arguments: Mapping[str, JsonValue],
    caller: Caller,
    *,
    approver: Approver = NOBODY,
    emit: Emit = silent,
    wait: float = 0.0,
) -> ToolResult:
    """Call the tool `name`.

    Where the policy asks, `approver` brings the question to a person. A call that names a pending
    plan (`plan_id`) waits up to `wait` seconds for the decision; with 0 it asks at once.

    Raises UsageError for arguments that do not fit, PermissionDenied where the policy forbids it,
    ApprovalRequired and ApprovalDenied, StalePlan where the state moved on after the plan was made,
    Conflict for a plan that was used, and whatever the tool itself raises.
    """
    tool = runtime.registry.tool(name)
    call = Call(
        runtime=runtime,
        tool=tool,
        input=parse(tool, arguments),
        caller=caller,
        approver=approver,
        emit=emit,
        wait=wait,
    )
    decision = await _authorised(call)
    if tool.reads:
        return call.result(await tool.handler(call.context(), call.input))
    if call.dry_run:
        return await _previewed(call)
    return await change(call, decision)


async def _authorised(call: Call) -> Decision:
    effect = Effect.READ if call.dry_run else call.tool.effect
    policy, profile = call.runtime.policy, call.runtime.profile
    decision = policy.decide(call.tool.name, effect, call.caller.kind, profile)
    if isinstance(decision, Deny):
        await call.record("denied", data={"code": PermissionDenied.code, "reason": decision.reason})
        raise PermissionDenied(
            f"{call.tool.name} is forbidden in the profile {profile.name}: {decision.reason}",
            next_steps=["a person may change the policy of the profile"],
            details={"tool": call.tool.name, "profile": profile.name},
        )
    return decision


async def _previewed(call: Call) -> ToolResult:
    if call.tool.preview is None:
        raise UsageError(f"{call.tool.name} has no dry run", details={"tool": call.tool.name})
    plan = await plan_of(call)
    return call.result(call.tool.preview(plan, plan_digest(call, plan)))
