"""JSON for the log: what is read is what was written, also where the fast library cannot write it."""

from __future__ import annotations

import json
from typing import Any

import orjson

_SLOW = " "


def dump_exact(value: Any) -> bytes:
    """JSON text. Integers above 64 bits, unpaired surrogates and deep nesting make it begin with a blank.

    The blank tells :func:`load_exact` to read it with the library that keeps them as they are.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return (_SLOW + json.dumps(value, separators=(",", ":"))).encode()


def load_exact(text: bytes | str) -> Any:
    """The value that :func:`dump_exact` was given; also that of any other JSON text."""
    return json.loads(text) if text[:1] in (_SLOW, _SLOW.encode()) else orjson.loads(text)
