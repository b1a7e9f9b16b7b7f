"""Questions to a person through the client's dialogue, in both eras.

Until 2025-11-25 the server asks while the call waits. From 2026-07-28 on the call returns the question
and the client repeats it with the answer and the state, which is sealed and names the plan.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from mcp import types
from mcp.shared.exceptions import MCPError

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import StoredPlan
from bunsui.tools.approver import Answer, Question, Reply
from bunsui.tools.policy import Channel
from bunsui.tools.text import line
from bunsui_mcp.clients import caller, modern, shows_forms
from bunsui_mcp.concise import FOREIGN
from bunsui_mcp.sources import Context

KEY = "approval"
FORM: dict[str, JsonValue] = {"type": "object", "properties": {}}
LINES = 40
SHOWN = 20

_PLAIN = re.compile(r"[A-Za-z0-9_.:/@-]{1,32}")
_NUMBER = re.compile(r"[0-9][0-9.:-]{0,31}")
_REPLIES = {"accept": Reply.ACCEPTED, "decline": Reply.DECLINED}


class InputNeeded(Exception):
    """The question has to travel to the client as the result of the call, which goes on with the answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.plan.id)
        self.question = question


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Asks through the client, where a yes in its dialogue would count; else nobody is asked."""

    ctx: Context
    within: float

    async def ask(self, question: Question) -> Answer:
        """The answer; raises InputNeeded where the client has to bring it with another call."""
        if not question.accepts(Channel.ELICITATION) or not shows_forms(self.ctx):
            return Answer(reply=Reply.UNANSWERED)
        if modern(self.ctx):
            raise InputNeeded(question)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(self.within):
                result = await self.ctx.session.elicit_form(
                    text(question.plan), FORM, related_request_id=self.ctx.request_id
                )
        except TimeoutError:
            return _unanswered(self.ctx, f"no answer within {self.within:g} seconds")
        except MCPError as error:
            return _unanswered(self.ctx, f"the client could not ask: {line(error.message, 100)}")
        return answer(self.ctx, result.action, loop.time() - begun)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """The answer that the client brought with the call."""

    ctx: Context
    action: str

    async def ask(self, question: Question) -> Answer:
        """That answer, where it counts."""
        return answer(self.ctx, self.action, None)


def answer(ctx: Context, action: str, seconds: float | None) -> Answer:
    """What came back, as the approval knows it. A cancelled dialogue is no answer."""
    reply = _REPLIES.get(action, Reply.UNANSWERED)
    note = "" if reply is not Reply.UNANSWERED else "the dialogue was closed"
    by = caller(ctx).actor
    return Answer(reply=reply, channel=Channel.ELICITATION, by=by, seconds=seconds, note=note)


def _unanswered(ctx: Context, note: str) -> Answer:
    return Answer(reply=Reply.UNANSWERED, channel=Channel.ELICITATION, by=caller(ctx).actor, note=note)


def asked(question: Question) -> types.InputRequiredResult:
    """The question as a result. Its state names the plan; the application seals it."""
    params = types.ElicitRequestFormParams(message=text(question.plan), requested_schema=FORM)
    return types.InputRequiredResult(
        request_state=question.plan.id, input_requests={KEY: types.ElicitRequest(params=params)}
    )


def text(plan: StoredPlan) -> str:
    """What a person reads: our own words, and of the caller's only plain ones."""
    lines = list(plan.text[:LINES])
    if len(plan.text) > LINES:
        lines.append(f"and {len(plan.text) - LINES} more lines: bunsui approval show {plan.id}")
    if given := ", ".join(_given(plan)):
        lines.append(f"with {given}")
    until = f"{plan.expires_at:%H:%M} UTC"
    facts = f"{plan.tool}, {plan.effect}, profile {plan.profile}, plan {plan.id}, until {until}"
    return "\n".join([f"{plan.title}?", *(f"- {one}" for one in lines), f"({facts})"])


def _given(plan: StoredPlan) -> list[str]:
    """The arguments: ids and numbers as they are, of free text only that there is some."""
    return [f"{name} {_shown(value, *_patterns(name))}" for name, value in plan.arguments.items()]


def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What may be seen of an argument's values, and of the names in it; those of parameters were checked."""
    values = _NUMBER if name in FOREIGN else _PLAIN
    return values, _NUMBER if name == "tags" else _PLAIN


def _shown(value: JsonValue, plain: re.Pattern[str], names: re.Pattern[str]) -> str:
    if isinstance(value, dict):
        pairs = list(value.items())[:SHOWN]
        return " ".join(f"{_word(key, names)}={_word(item, plain)}" for key, item in pairs)
    if isinstance(value, list):
        return " ".join(_word(item, plain) for item in value[:SHOWN])
    return _word(value, plain)


def _word(value: JsonValue, plain: re.Pattern[str]) -> str:
    return str(value) if plain.fullmatch(str(value)) else "(text, not shown here)"
