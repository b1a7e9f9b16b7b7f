"""Audit entries: a hash chain over everything that was planned, asked, answered and done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bunsui.core.models.base import JsonValue, Model


class CallerKind(StrEnum):
    """Who calls a tool: a person on a terminal, a process without one, or a model."""

    PERSON = "person"
    AUTOMATION = "automation"
    MODEL = "model"


class AuditEntry(Model):
    """One entry. `hash` covers all other fields and `previous`, the hash of the entry before.

    `kind` is one of planned, asked, answered, allowed, denied, done, failed.
    """

    seq: int
    at: datetime
    kind: str
    caller: CallerKind
    actor: str
    profile: str
    tool: str
    plan_id: str | None = None
    subject: str | None = None
    data: dict[str, JsonValue] = {}
    previous: str
    hash: str
