"""Who is asked: a flag answers only what a flag may, and nobody answers nothing."""

from __future__ import annotations

import pytest

from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import Effect
from bunsui.core.session.outcomes import StopPlan
from bunsui.tools.approver import NOBODY, GivenFlag, Question, Reply
from bunsui.tools.context import Caller, Profile
from bunsui.tools.policy import Channel
from tests.unit.core.records import stored_plan
from tests.unit.tools.helpers import AUTOMATION, MODEL, PERSON, no


def question(effect: Effect, caller: Caller = PERSON, *, protected: bool = False) -> Question:
    plan = stored_plan(StopPlan(session_id="s", attempts={}), effect=effect)
    return Question(plan=plan, reason="r", caller=caller, profile=Profile(name="p", protected=protected))


async def test_nobody_leaves_the_question_open() -> None:
    answer = await NOBODY.ask(question(Effect.WRITE))
    assert (answer.reply, answer.channel) == (Reply.UNANSWERED, None)


async def test_a_flag_says_yes_in_the_name_of_who_called() -> None:
    answer = await GivenFlag().ask(question(Effect.WRITE))
    assert (answer.reply, answer.channel, answer.by) == (Reply.ACCEPTED, Channel.FLAG, "ann")


@pytest.mark.parametrize("caller", [PERSON, AUTOMATION, MODEL], ids=lambda caller: caller.kind.value)
@pytest.mark.parametrize("effect", [Effect.WRITE, Effect.SPEND, Effect.DESTROY])
@pytest.mark.parametrize("protected", [False, True])
async def test_a_flag_never_answers_what_it_is_not_enough_for(
    caller: Caller, effect: Effect, protected: bool
) -> None:
    asked = question(effect, caller, protected=protected)
    person = no()
    answer = await GivenFlag(person).ask(asked)
    enough = asked.accepts(Channel.FLAG)
    assert (answer.reply is Reply.ACCEPTED) is enough
    assert person.asked == ([] if enough else [asked])


def test_a_flag_in_the_hands_of_a_model_is_never_enough() -> None:
    for effect in (Effect.WRITE, Effect.SPEND, Effect.DESTROY):
        assert not question(effect, Caller(kind=CallerKind.MODEL, actor="m")).accepts(Channel.FLAG)
