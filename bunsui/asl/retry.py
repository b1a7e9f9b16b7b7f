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


def number_of(spec: Mapping[str, Any], name: str, default: float | None) -> float | None:
    """A number of a definition, or the default where it is absent.

    Raises:
        TypeError: it is something else.
    """
    value: float | None = spec.get(name, default)
    if name not in spec or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{name} is not a number")


def compile_retrier(spec: Mapping[str, Any]) -> Retrier:
    """Compile one entry of Retry.

    Raises:
        TypeError: a number is none.
    """
    return Retrier(
        errors=frozenset(spec.get("ErrorEquals", ())),
        interval=number_of(spec, "IntervalSeconds", 1) or 0,
        max_attempts=int(number_of(spec, "MaxAttempts", _DEFAULT_ATTEMPTS) or 0),
        backoff=number_of(spec, "BackoffRate", _DEFAULT_BACKOFF) or 0,
        max_delay=number_of(spec, "MaxDelaySeconds", None),
        jitter=spec.get("JitterStrategy", "NONE") == "FULL",
    )
