"""`bunsui approval`: the generated list and show, and `decide`, which only a person on a terminal may use."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bunsui.cli.caller import caller, confirmed, on_terminal, plan_lines
from bunsui.cli.lazy import LazyGroup, Row, leaf
from bunsui.cli.options import Globals
from bunsui.cli.runner import output_of, run_with
from bunsui.cli.wording import reword
from bunsui.core.models.plan import StoredPlan
from bunsui.errors import BunsuiError, Cancelled, PermissionDenied
from bunsui.tools.runtime import Runtime

_DECIDE = (
    "Approve or deny what was asked. The caller of a tool then repeats the same call with --plan ID; "
    "a job that waits goes on by itself, or fails with approval_denied."
)
_WEAKER = (
    "A terminal is a weak proof of a person: whoever has your shell can answer too. "
    "Give assistants another user or role where that matters."
)


def command() -> Any:
    """The group `approval`."""
    from bunsui.cli.commands.generated import rows

    decide_row = Row(
        "Approve or deny a plan (on a terminal only).", lambda: leaf("decide", decide, help=_DECIDE)
    )
    return LazyGroup("approval", {**rows("approval"), "decide": decide_row}, help="Decide what was asked.")


def decide(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="ID", help="Plan id, from the refusal or approval list.")],
    deny: Annotated[bool, typer.Option("--deny", help="Say no instead of yes.")] = False,
) -> None:
    """Show the plan, ask, and record the decision."""
    if not on_terminal():
        raise PermissionDenied(
            "a plan is decided on an interactive terminal only",
            next_steps=[f"run on a terminal: bunsui approval decide {plan_id}"],
        )
    options: Globals = ctx.obj
    try:
        decided = run_with(options, lambda runtime: _decide(runtime, options, plan_id, deny=deny))
    except BunsuiError as error:
        reword(error)
        raise
    print(f"{decided.state}: {decided.title}. {_what_next(decided)}")


def _what_next(decided: StoredPlan) -> str:
    from bunsui.core.control.approvals import GATE_TOOL

    if decided.tool == GATE_TOOL:
        return f"Watch: bunsui session show {decided.arguments['session']} --watch"
    return f"Repeat the call with --plan {decided.id}."


async def _decide(runtime: Runtime, options: Globals, plan_id: str, *, deny: bool) -> StoredPlan:
    from bunsui.tools.decision import decide as record_decision

    output = output_of(options, None, json=False)
    plan = await runtime.ports.store.plans.plan(plan_id)
    for line in (*plan_lines(plan, output.style), output.style.dim(_WEAKER)):
        output.say(line)
    if not confirmed(plan, runtime.profile, "Deny this plan?" if deny else "Approve this plan?"):
        raise Cancelled(f"plan {plan_id} is still pending")
    return await record_decision(runtime, plan_id, caller(), deny=deny)
