"""Payloads as JSON text, within their limit."""

from __future__ import annotations

import json
from typing import Any

import orjson

from bunsui.asl.errors import StateFailure
from bunsui.asl.limits import MAX_PAYLOAD


def dump(value: Any) -> bytes:
    """JSON text of any JSON value, without blanks.

    Raises:
        StateFailure: ``States.Runtime`` where the value is nested too deep.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return _dump_slowly(value)


def _dump_slowly(value: Any) -> bytes:
    """What the fast library refuses: integers above 64 bits, unpaired surrogates, deep nesting."""
    try:
        return _compact(value)
    except RecursionError:
        raise StateFailure("States.Runtime", "The payload is nested too deep.") from None


def _compact(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def encode(value: Any, owner: str) -> str:
    """The text of a payload, made once and shared by every event that shows it.

    Raises:
        StateFailure: ``States.DataLimitExceeded`` of the state or task ``owner``.
    """
    raw = dump(value)
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
