"""Retry and Catch: which error matches what, and how long to wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bunsui.asl.chance import Chance

_NEVER_CAUGHT = frozenset({"States.Runtime"})
_NOT_BY_ALL = frozenset({"States.DataLimitExceeded"})
_NOT_TASK_FAILED = frozenset({"States.Timeout", "States.HeartbeatTimeout"})
_DEFAULT_ATTEMPTS = 3
_DEFAULT_BACKOFF = 2.0


def matches(
    wanted: frozenset[str], error: str | None, aliases: Sequence[str] = (), *, task: bool = False
) -> bool:
    """Whether an ErrorEquals set takes an error.

    ``aliases`` are further names of the same error (a heartbeat timeout is also ``States.Timeout``);
    ``task`` tells that the error is a task's own answer, which States.ALL always takes.
    """
    if error in _NEVER_CAUGHT:
        return False
    names = (error, *aliases)
    if any(name in wanted for name in names):
        return True
    if "States.TaskFailed" in wanted and not _NOT_TASK_FAILED.intersection(map(str, names)):
        return True
    return "States.ALL" in wanted and (task or error not in _NOT_BY_ALL)


class Retrier(NamedTuple):
    """One entry of Retry; times in seconds."""

    errors: frozenset[str]
    interval: float
    max_attempts: int
    backoff: float
    max_delay: float | None
    jitter: bool

    def delay(self, attempt: int, chance: Chance) -> float:
        """Seconds to wait before the retry number ``attempt`` (from 0)."""
        try:
            seconds = self.interval * self.backoff**attempt
        except OverflowError:
            seconds = float("inf")
        if self.max_delay is not None:
            seconds = min(seconds, self.max_delay)
        # No execution lives longer, and a timer needs a finite time.
        seconds = min(seconds, 366 * 24 * 3600.0)
        return chance.random() * seconds if self.jitter else seconds


def compile_retrier(spec: Mapping[str, Any]) -> Retrier:
    """Compile one entry of Retry."""
    return Retrier(
        errors=frozenset(spec.get("ErrorEquals", ())),
        interval=spec.get("IntervalSeconds", 1),
        max_attempts=spec.get("MaxAttempts", _DEFAULT_ATTEMPTS),
        backoff=spec.get("BackoffRate", _DEFAULT_BACKOFF),
        max_delay=spec.get("MaxDelaySeconds"),
        jitter=spec.get("JitterStrategy", "NONE") == "FULL",
    )
