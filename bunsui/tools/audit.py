"""Tools about the audit trail."""

from __future__ import annotations

from collections import deque
from typing import Literal

from pydantic import Field

from bunsui.core.models.audit import GENESIS, AuditEntry, audit_hash
from bunsui.core.models.base import Model
from bunsui.core.models.plan import Effect
from bunsui.tools.context import Progress, ToolContext
from bunsui.tools.cursor import pack, unpack
from bunsui.tools.fields import Cursor, Limit
from bunsui.tools.tool import Input, Output, Tool

BATCH = 500


class ListInput(Input):
    """Filters of the list."""

    tool: str | None = Field(default=None, description="Only entries of this tool.", max_length=80)
    subject: str | None = Field(
        default=None,
        description="Only entries about this session or pipeline, and of the plans that changed it.",
        max_length=200,
    )
    tail: int | None = Field(default=None, description="Only the newest of them.", ge=1, le=500)
    limit: Limit = 100
    cursor: Cursor = None


class AuditList(Output):
    """Entries, oldest first. `cursor` gets the next ones; a tail has none and may leave out older ones."""

    schema_name: Literal["bunsui.audit/1"] = Field("bunsui.audit/1", alias="schema")
    entries: tuple[AuditEntry, ...]
    complete: bool
    cursor: str | None

    @property
    def headline(self) -> str:
        return f"{len(self.entries)} audit entries{'' if self.complete else ', and more'}"


class VerifyInput(Input):
    """The whole chain is verified."""


class BrokenLink(Model):
    """The first entry that does not fit, and why."""

    seq: int
    problem: str


class AuditVerified(Output):
    """Whether the chain holds. `head` is the hash of the newest entry: keep it elsewhere to detect a cut."""

    schema_name: Literal["bunsui.audit_verified/1"] = Field("bunsui.audit_verified/1", alias="schema")
    valid: bool
    entries: int
    head: str
    broken: BrokenLink | None

    @property
    def headline(self) -> str:
        if self.broken is not None:
            return f"broken at entry {self.broken.seq}: {self.broken.problem}"
        return f"{self.entries} audit entries form an unbroken chain"


async def _list(context: ToolContext, input: ListInput) -> AuditList:
    if input.tail is not None:
        return await _tail(context, input, input.tail)
    after = _place(input.cursor)
    found = await context.ports.store.audit.entries(
        after=after, limit=input.limit + 1, subject=input.subject, tool=input.tool
    )
    entries, complete = tuple(found[: input.limit]), len(found) <= input.limit
    cursor = None if complete else pack("audit", entries[-1].seq)
    return AuditList(entries=entries, complete=complete, cursor=cursor)


async def _tail(context: ToolContext, input: ListInput, count: int) -> AuditList:
    kept, after, complete = deque[AuditEntry](maxlen=count), 0, True
    while found := await context.ports.store.audit.entries(
        after=after, limit=BATCH, subject=input.subject, tool=input.tool
    ):
        complete = complete and len(kept) + len(found) <= count
        kept.extend(found)
        after = found[-1].seq
    return AuditList(entries=tuple(kept), complete=complete, cursor=None)


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    (after,) = unpack("audit", cursor, (int,))
    return after if isinstance(after, int) else 0


async def _verify(context: ToolContext, _input: VerifyInput) -> AuditVerified:
    seq, head = 0, GENESIS
    while found := await context.ports.store.audit.entries(after=seq, limit=BATCH):
        for entry in found:
            if problem := broken(entry, seq + 1, head):
                link = BrokenLink(seq=seq + 1, problem=problem)
                return AuditVerified(valid=False, entries=seq, head=head, broken=link)
            seq, head = entry.seq, entry.hash
        await context.emit(Progress(message="audit entries verified", done=seq))
    return AuditVerified(valid=True, entries=seq, head=head, broken=None)


def broken(entry: AuditEntry, seq: int, previous: str) -> str | None:
    """Why `entry` cannot be number `seq` after the hash `previous`; None if it can."""
    if entry.seq != seq:
        return f"entry {seq} is missing, {entry.seq} follows"
    if entry.previous != previous:
        return "it does not name the entry before"
    return None if audit_hash(entry) == entry.hash else "it was changed after it was written"


LIST = Tool(
    name="audit_list",
    title="List audit entries",
    summary="List audit entries.",
    description="What was planned, asked, answered, allowed, denied, done or failed, by whom, oldest first. "
    "Use it to find out who changed a session, and who allowed it; filter by `subject` or `tool`.",
    effect=Effect.READ,
    input=ListInput,
    output=AuditList,
    handler=_list,
)

VERIFY = Tool(
    name="audit_verify",
    title="Verify the audit trail",
    summary="Verify the hash chain of the audit trail.",
    description="Recomputes every hash and reports the first entry that was changed, removed or inserted. "
    "A cut at the end shows only against a `head` that was kept elsewhere.",
    effect=Effect.READ,
    input=VerifyInput,
    output=AuditVerified,
    handler=_verify,
)
