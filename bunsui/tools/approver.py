"""Who is asked when the policy asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bunsui.core.models.plan import StoredPlan
from bunsui.tools.context import Caller, Profile
from bunsui.tools.policy import Channel, counts


class Reply(StrEnum):
    """What came back. `unanswered`: nobody could be asked, or nobody answered."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A plan that needs a yes. Text for people comes from `plan.title` and `plan.text` only."""

    plan: StoredPlan
    reason: str
    caller: Caller
    profile: Profile

    def accepts(self, channel: Channel) -> bool:
        """Whether a yes over that channel would be enough."""
        return counts(channel, self.plan.effect, self.caller.kind, self.profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The reply, by which channel and by whom. `seconds` is how long it took, where that says something."""

    reply: Reply
    channel: Channel | None = None
    by: str = ""
    seconds: float | None = None
    note: str = ""


class Approver(Protocol):
    """Brings a question to a person."""

    async def ask(self, question: Question) -> Answer:
        """Ask and wait for the answer."""
        ...


class Nobody:
    """There is nobody to ask: the plan stays pending."""

    async def ask(self, question: Question) -> Answer:
        """No answer."""
        return Answer(reply=Reply.UNANSWERED)


class GivenFlag:
    """`--yes`: answers what a flag may answer, and passes every other question on."""

    def __init__(self, otherwise: Approver | None = None) -> None:
        self._otherwise = otherwise or Nobody()

    async def ask(self, question: Question) -> Answer:
        """Accepted by the flag where that is enough."""
        if not question.accepts(Channel.FLAG):
            return await self._otherwise.ask(question)
        return Answer(reply=Reply.ACCEPTED, channel=Channel.FLAG, by=question.caller.actor)


NOBODY = Nobody()
