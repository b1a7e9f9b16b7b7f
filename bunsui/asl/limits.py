"""Service limits and the failures they give.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any

import orjson

from bunsui.asl.errors import StateFailure

MAX_PAYLOAD = 262_144
"""Bytes of UTF-8 of an input, output, result or variable."""
MAX_EVENTS = 25_000
"""Events of one Standard execution."""
MAX_EXPRESS_SECONDS = 300
MAX_STANDARD_SECONDS = 365 * 24 * 3600
MAX_VARIABLES = 10 * 1024 * 1024
"""Bytes of all variables of an execution."""
INLINE_CONCURRENCY = 40
"""Iterations of an inline Map at once where MaxConcurrency does not say."""
MAX_CHILDREN = 10_000
"""Child executions of one Map Run at once."""
MAX_REDRIVES = 1_000
REDRIVE_SECONDS = 14 * 24 * 3600
STEP_BUDGET = 2_000
"""Transitions of one step, after which an execution asks to be continued."""


def encode(value: Any, owner: str) -> str:
    """The JSON text of a payload, made once and shared by every event that shows it.

    Raises:
        StateFailure: ``States.DataLimitExceeded`` of the state or task ``owner``.
    """
    raw = orjson.dumps(value)
    if len(raw) > MAX_PAYLOAD:
        raise too_large(owner)
    return raw.decode()


def too_large(owner: str) -> StateFailure:
    """The failure of a payload above the limit."""
    return StateFailure(
        "States.DataLimitExceeded",
        f"The state/task '{owner}' returned a result with a size exceeding the maximum number of bytes"
        " service limit.",
    )
