"""A runtime over ports in memory, with a counter that tools change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from pydantic import Field

from bunsui.core.models.audit import AuditEntry, CallerKind
from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import Effect, PlanState
from bunsui.core.models.session import Session
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.engine import Engine
from bunsui.core.ports.health import Check, Grade
from bunsui.core.ports.store import Transaction
from bunsui.testing.memory import (
    FakeClock,
    MemoryBlobs,
    MemoryExchange,
    MemoryLogs,
    MemoryStorage,
    MemoryStore,
    SeqIds,
)
from bunsui.tools.approver import Answer, Question, Reply
from bunsui.tools.context import Caller, Ports, Profile, ToolContext
from bunsui.tools.policy import Channel
from bunsui.tools.registry import TABLE, Entry, Registry
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import ChangeInput, Input, Output, Plan, Tool

PERSON = Caller(kind=CallerKind.PERSON, actor="ann")
AUTOMATION = Caller(kind=CallerKind.AUTOMATION, actor="ci")
MODEL = Caller(kind=CallerKind.MODEL, actor="assistant")
COUNTER = "20260101-c00000"


class BumpInput(ChangeInput):
    by: int = Field(default=1, description="How much.", ge=1, le=100)
    note: str | None = Field(default=None, description="Why.")
    effect: Effect | None = Field(default=None, description="An enum, for messages.")
    dry_run: bool = Field(default=False, description="Only plan.")


class Bumped(Output):
    schema_name: Literal["bunsui.bumped/1"] = Field("bunsui.bumped/1", alias="schema")
    value: int

    @property
    def headline(self) -> str:
        return f"the counter is {self.value}"

    @property
    def subject(self) -> str:
        return COUNTER


class PeekInput(Input):
    pass


async def counter(context: ToolContext) -> Session:
    return await context.ports.store.sessions.session(COUNTER)


async def _peek(context: ToolContext, _input: PeekInput) -> Bumped:
    return Bumped(value=(await counter(context)).warnings)


async def _plan(context: ToolContext, input: BumpInput) -> Plan:
    session = await counter(context)
    return Plan(
        title=f"Add {input.by} to the counter",
        text=(f"{session.warnings} becomes {session.warnings + input.by}",),
        body={"version": session.version, "by": input.by},
        subject=COUNTER,
        empty=input.note == "nothing",
    )


async def _bump(context: ToolContext, input: BumpInput) -> Bumped:
    session = await counter(context)
    if context.plan is None:
        return Bumped(value=session.warnings)
    if input.note == "explode":
        raise RuntimeError("boom")
    await asyncio.sleep(0)  # others that hold the same plan come here too
    used = context.plan.next(state=PlanState.USED, used_at=context.ports.clock.now())
    changed = session.next(warnings=session.warnings + input.by)
    await context.ports.store.commit(Transaction(put=[changed, used]))
    return Bumped(value=changed.warnings)


def _preview(plan: Plan, digest: str) -> Bumped:
    return Bumped(value=0)


def bump(effect: Effect) -> Tool[BumpInput, Bumped]:
    return Tool(
        name=f"counter_{effect}",
        title="Bump",
        summary="Bump the counter.",
        description="Adds to the counter.",
        effect=effect,
        input=BumpInput,
        output=Bumped,
        handler=_bump,
        plan=_plan,
        preview=_preview,
    )


WRITE, SPEND, DESTROY = bump(Effect.WRITE), bump(Effect.SPEND), bump(Effect.DESTROY)
PEEK = Tool(
    name="counter_peek",
    title="Peek",
    summary="Read the counter.",
    description="Reads the counter.",
    effect=Effect.READ,
    input=PeekInput,
    output=Bumped,
    handler=_peek,
)

_HERE = "tests.unit.tools.helpers"
COUNTERS = (
    Entry("counter_peek", Effect.READ, "Read the counter.", f"{_HERE}:PEEK"),
    Entry("counter_write", Effect.WRITE, "Bump the counter.", f"{_HERE}:WRITE"),
    Entry("counter_spend", Effect.SPEND, "Bump the counter.", f"{_HERE}:SPEND"),
    Entry("counter_destroy", Effect.DESTROY, "Bump the counter.", f"{_HERE}:DESTROY"),
)


@dataclass
class StubHealth:
    found: list[Check] = field(default_factory=lambda: [Check(name="disk", grade=Grade.OK, message="fine")])

    async def checks(self, project: str) -> list[Check]:
        return self.found


def ports() -> Ports:
    """Ports in memory; there is neither an engine nor code."""
    return Ports(
        store=MemoryStore(),
        blobs=MemoryBlobs(),
        logs=MemoryLogs(),
        engine=cast("Engine", None),
        exchange=MemoryExchange(),
        code=cast("CodeVersions", None),
        clock=FakeClock(),
        ids=SeqIds(),
        health=StubHealth(),
        storage=MemoryStorage(),
    )


async def counting(*, protected: bool = False) -> Runtime:
    """A runtime with the counter at 0 and tools that change it."""
    profile = Profile(name="prod" if protected else "dev", protected=protected)
    runtime = Runtime(ports=ports(), profile=profile, registry=Registry((*TABLE, *COUNTERS)))
    now = runtime.ports.clock.now()
    session = Session(id=COUNTER, profile=profile.name, created_by="ann", created_at=now, updated_at=now)
    await runtime.ports.store.commit(Transaction(put=[session]))
    return runtime


async def value(runtime: Runtime) -> int:
    return (await runtime.ports.store.sessions.session(COUNTER)).warnings


async def trail(runtime: Runtime) -> list[AuditEntry]:
    return await runtime.ports.store.audit.entries(limit=1_000)


async def kinds(runtime: Runtime) -> list[str]:
    return [entry.kind for entry in await trail(runtime)]


def clock(runtime: Runtime) -> FakeClock:
    return cast("FakeClock", runtime.ports.clock)


@dataclass
class Scripted:
    """An approver that gives one answer, and may do something while it is asked."""

    reply: Reply
    channel: Channel | None
    meanwhile: Callable[[], Awaitable[object]] | None = None
    asked: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        if self.meanwhile is not None:
            await self.meanwhile()
        return Answer(reply=self.reply, channel=self.channel, by="bob", seconds=2.5)


def yes(channel: Channel = Channel.TERMINAL) -> Scripted:
    return Scripted(Reply.ACCEPTED, channel)


def no(channel: Channel = Channel.TERMINAL) -> Scripted:
    return Scripted(Reply.DECLINED, channel)


def arguments(**given: JsonValue) -> dict[str, JsonValue]:
    return given


def renamed(runtime: Runtime, name: str) -> Runtime:
    """The same store under another profile."""
    return replace(runtime, profile=Profile(name=name))
