"""Status words of sessions, runs, attempts and of job and item runs."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Status of a session, a run or an attempt."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING_APPROVAL = "waiting_approval"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens without a new attempt."""
        return self in _ENDED


class JobStatus(StrEnum):
    """Status of a job run or an item run."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    REUSED = "reused"
    UPSTREAM_FAILED = "upstream_failed"
    LOST = "lost"

    @property
    def ended(self) -> bool:
        """Whether the job will not change in this attempt."""
        return self in _JOB_ENDED

    @property
    def good(self) -> bool:
        """Whether what depends on the job may go on."""
        return self in _JOB_GOOD


_ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.TIMED_OUT})
_JOB_GOOD = frozenset({JobStatus.SUCCEEDED, JobStatus.REUSED, JobStatus.SKIPPED})
_JOB_ENDED = _JOB_GOOD | {
    JobStatus.FAILED,
    JobStatus.STOPPED,
    JobStatus.TIMED_OUT,
    JobStatus.UPSTREAM_FAILED,
    JobStatus.LOST,
}


BAD_ITEMS = (JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.LOST)
"""Statuses of items that somebody has to look at, first in lists that ask for it."""


class Action(StrEnum):
    """What a plan does with a job or an item."""

    RUN = "run"
    REUSE = "reuse"
    SKIP = "skip"
    STALE = "stale"
    BLOCKED = "blocked"
    REMOVED = "removed"


class Reason(StrEnum):
    """Why a plan does it."""

    NEW = "new"
    FAILED = "failed"
    SELECTED = "selected"
    DOWNSTREAM = "downstream-of"
    CODE_CHANGED = "code-changed"
    PARAMS_CHANGED = "params-changed"
    INPUT_CHANGED = "input-changed"
    MISSING_OUTPUT = "missing-output"
    FORCED = "forced"
    DEFINITION_CHANGED = "definition-changed"
    ADDED = "added"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    CACHED = "cached"
    CONDITION_FALSE = "condition-false"
    SUPERSEDED = "superseded"
    NOT_SELECTED = "not-selected"
