"""Audit entries: a hash chain over everything that was planned, asked, answered and done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bunsui.core.models.base import JsonValue, Model, digest

GENESIS = "0" * 64
"""What the first entry of a chain names as the hash before it."""


class CallerKind(StrEnum):
    """Who calls a tool: a person on a terminal, a process without one, or a model."""

    PERSON = "person"
    AUTOMATION = "automation"
    MODEL = "model"


class AuditEntry(Model):
    """One entry. `hash` covers all other fields and `previous`, the hash of the entry before.

    `kind` is one of planned, asked, answered, allowed, denied, done, failed.
    """

    seq: int = 0
    at: datetime
    kind: str
    caller: CallerKind
    actor: str
    profile: str
    tool: str
    plan_id: str | None = None
    subject: str | None = None
    data: dict[str, JsonValue] = {}
    previous: str = ""
    hash: str = ""


def audit_hash(entry: AuditEntry) -> str:
    """The hash that an entry must carry: SHA-256 of the canonical JSON of all its other fields."""
    return digest(entry.model_dump(mode="json", exclude={"hash"}))


def sealed(entry: AuditEntry, *, seq: int, previous: str) -> AuditEntry:
    """The entry at its place in the chain: what a store makes of an entry that it is given."""
    placed = entry.model_copy(update={"seq": seq, "previous": previous})
    return placed.model_copy(update={"hash": audit_hash(placed)})
