"""What callers may ask of sessions, as flat as the command line says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bunsui.core.models.base import JsonValue


class Strategy(StrEnum):
    """Which jobs a rerun begins with.

    failed: what did not succeed. from: the named jobs. only: those alone, what depends on them becomes
    stale. changed: whose fingerprint differs. all: every job.
    """

    FAILED = "failed"
    FROM = "from"
    ONLY = "only"
    CHANGED = "changed"
    ALL = "all"


class DefinitionChoice(StrEnum):
    """The definition of the newest attempt, or the one that stands in the file or registry now."""

    ORIGINAL = "original"
    CURRENT = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A new session. `pipelines` are names, files or folders; `params` text or typed values by name.

    `force` runs what has a cached result. `each` makes a run per value of a parameter: `v1,v2`,
    `2026-01..2026-03` or `2026-01-01..2026-01-31`.
    """

    profile: str
    pipelines: tuple[str, ...]
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    key: str | None = None
    allow_duplicate: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[str, str] = field(default_factory=dict)
    max_concurrent_runs: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunRequest:
    """A new attempt at the runs of a session.

    `jobs` are `[RUN/]JOB`, `items` of map jobs `[RUN/]JOB:KEY`. `overrides` maps
    `[RUN/]JOB.memory|cpu|timeout` to a number (MiB, CPU units, seconds), `params` maps `[RUN/]NAME` to
    text or a typed value. Without a strategy it is `from` when jobs or items are named, else `failed`.
    """

    session_id: str
    strategy: Strategy | None = None
    jobs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    downstream: bool = True
    overrides: Mapping[str, JsonValue] = field(default_factory=dict)
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    definition: DefinitionChoice = DefinitionChoice.CURRENT
    force: bool = False

    @property
    def chosen(self) -> Strategy:
        """The strategy, or the default for what was named."""
        return self.strategy or (Strategy.FROM if self.jobs or self.items else Strategy.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest:
    """End every running attempt of a session."""

    session_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    """Let nothing begin in a session, or let it go on. What runs is not touched."""

    session_id: str
    pause: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRequest:
    """Begin or end the maintenance of a profile."""

    profile: str
    on: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """Take stale results as good, for a reason. No jobs: all that are stale."""

    session_id: str
    reason: str
    jobs: tuple[str, ...] = ()
