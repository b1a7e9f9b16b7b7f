"""Who calls from the command line, and how a person is asked on a terminal."""

from __future__ import annotations

import asyncio
import getpass
import sys
import time
from dataclasses import dataclass

from bunsui.cli.style import Style
from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import StoredPlan
from bunsui.tools.approver import NOBODY, Answer, Approver, GivenFlag, Question, Reply
from bunsui.tools.context import Caller, Profile
from bunsui.tools.plans import argument_lines
from bunsui.tools.policy import Channel, guarded
from bunsui.tools.text import strip


def on_terminal() -> bool:
    """Whether a person can be asked: questions go to standard error, answers come from standard input."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def caller() -> Caller:
    """A person on a terminal, else a process without one."""
    kind = CallerKind.PERSON if on_terminal() else CallerKind.AUTOMATION
    try:
        actor = getpass.getuser()
    except (OSError, KeyError):
        actor = "unknown"
    return Caller(kind=kind, actor=actor)


def approver(style: Style, *, yes: bool) -> Approver:
    """The terminal if there is one; `--yes` answers before it what a flag may answer."""
    terminal: Approver = TerminalApprover(style) if on_terminal() else NOBODY
    return GivenFlag(terminal) if yes else terminal


def plan_lines(plan: StoredPlan, style: Style) -> list[str]:
    """A stored plan as a person reads it before deciding."""
    facts = f"{plan.tool} · {plan.effect} · profile {plan.profile} · plan {plan.id}"
    given = [style.dim(f"  given: {line}") for line in argument_lines(plan)]
    return [
        style.bold(strip(plan.title)),
        style.dim(facts),
        *(f"  {strip(line)}" for line in plan.text),
        *given,
    ]


@dataclass(frozen=True, slots=True)
class TerminalApprover:
    """Shows the plan and asks. What destroys, and protected profiles, want the profile's name typed."""

    style: Style

    async def ask(self, question: Question) -> Answer:
        """Ask on standard error and read the answer; the end of input is no."""
        for line in (
            *plan_lines(question.plan, self.style),
            self.style.dim(f"asked because {question.reason}"),
        ):
            print(line, file=sys.stderr)
        begun = time.monotonic()
        accepted = await asyncio.to_thread(self._confirmed, question)
        return Answer(
            reply=Reply.ACCEPTED if accepted else Reply.DECLINED,
            channel=Channel.TERMINAL,
            by=question.caller.actor,
            seconds=time.monotonic() - begun,
        )

    def _confirmed(self, question: Question) -> bool:
        return confirmed(question.plan, question.profile, "Proceed?")


def confirmed(plan: StoredPlan, profile: Profile, question: str) -> bool:
    """Ask a yes-or-no question; what destroys, and protected profiles, want the profile's name typed."""
    if guarded(plan.effect, profile):
        return _read(f"Type the profile's name ({profile.name}) to go on: ") == profile.name
    return _read(f"{question} [y/N] ").lower() in {"y", "yes"}


def _read(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    try:
        return input().strip()
    except EOFError:
        return ""
