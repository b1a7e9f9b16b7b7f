"""Who calls from the command line, and what a person types to say yes."""

from __future__ import annotations

import io
import sys

import pytest

from bunsui.cli.caller import approver, caller, confirmed, plan_lines
from bunsui.cli.style import Style
from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import Effect, StoredPlan
from bunsui.core.session.outcomes import StopPlan
from bunsui.tools.approver import NOBODY, Answer, Question, Reply
from bunsui.tools.context import Profile
from bunsui.tools.policy import Channel
from tests.unit.core.records import stored_plan
from tests.unit.tools.helpers import PERSON

OPEN, PROTECTED = Profile(name="dev"), Profile(name="prod", protected=True)
PLAIN = Style(on=False)


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def plan(effect: Effect = Effect.WRITE, **more: object) -> StoredPlan:
    return stored_plan(StopPlan(session_id="s", attempts={}), effect=effect, **more)


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))
    monkeypatch.setattr(sys, "stderr", Terminal())


@pytest.mark.parametrize(
    ("effect", "profile", "text", "accepted"),
    [
        (Effect.WRITE, OPEN, "y\n", True),
        (Effect.WRITE, OPEN, " YES \n", True),
        (Effect.WRITE, OPEN, "\n", False),
        (Effect.WRITE, OPEN, "yess\n", False),
        (Effect.WRITE, OPEN, "", False),
        (Effect.DESTROY, OPEN, "y\n", False),
        (Effect.DESTROY, OPEN, "dev\n", True),
        (Effect.WRITE, PROTECTED, "y\n", False),
        (Effect.WRITE, PROTECTED, "Prod\n", False),
        (Effect.SPEND, PROTECTED, "prod\n", True),
    ],
)
def test_what_destroys_and_protected_profiles_want_the_name(
    monkeypatch: pytest.MonkeyPatch, effect: Effect, profile: Profile, text: str, accepted: bool
) -> None:
    typed(monkeypatch, text)
    assert confirmed(plan(effect), profile, "Proceed?") is accepted


async def asked(*, yes: bool) -> Answer:
    question = Question(plan=plan(), reason="r", caller=PERSON, profile=OPEN)
    return await approver(PLAIN, yes=yes).ask(question)


async def test_a_person_is_asked_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "n\n")
    answer = await asked(yes=False)
    assert (answer.reply, answer.channel, answer.by) == (Reply.DECLINED, Channel.TERMINAL, "ann")
    assert caller().kind is CallerKind.PERSON


async def test_a_flag_answers_before_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "n\n")
    assert (await asked(yes=True)).channel is Channel.FLAG


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_without_a_terminal_nobody_is_asked_and_a_process_calls(
    monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    typed(monkeypatch, "y\n")
    monkeypatch.setattr(sys, stream, io.StringIO("y\n"))
    assert approver(PLAIN, yes=False) is NOBODY
    assert caller().kind is CallerKind.AUTOMATION


def test_a_plan_is_shown_without_anything_a_terminal_would_obey() -> None:
    shown = plan_lines(
        plan(title="Stop\x1b[2J", text=("ends a\u202e",), arguments={"reason": "\x1b[31mx"}), PLAIN
    )
    assert shown[0] == "Stop"
    assert "  ends a" in shown
    assert not any("\x1b" in line or "\u202e" in line for line in shown)
    assert any(line.startswith("  given: reason = ") for line in shown)
