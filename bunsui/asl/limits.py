"""Service limits.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

MAX_PAYLOAD = 262_144
"""Bytes of UTF-8 of an input, output, result or variable."""
MAX_EVENTS = 25_000
"""Events of one Standard execution."""
MAX_EXPRESS_SECONDS = 300
MAX_STANDARD_SECONDS = 366 * 24 * 3600
"""A year, be it a long one: a Wait of 365 days ends."""
MAX_VARIABLES = 10 * 1024 * 1024
"""Bytes of all variables of an execution."""
INLINE_CONCURRENCY = 40
"""Iterations of an inline Map at once where MaxConcurrency does not say."""
MAX_CHILDREN = 10_000
"""Child executions of one Map Run at once."""
MAX_REDRIVES = 1_000
MAX_TIMEOUT = 99_999_999
"""Seconds of a task's timeout or heartbeat."""
REDRIVE_SECONDS = 14 * 24 * 3600
STEP_BUDGET = 2_000
"""Transitions of one step, after which an execution asks to be continued."""
