"""How a recorded value matches an actual one: ``__ANY__`` stands for anything."""

from __future__ import annotations

import json
import re
from typing import Any

ANY = "__ANY__"


def match(expected: Any, actual: Any) -> bool:
    """Whether ``actual`` is what was recorded; an expected object also matches its JSON text."""
    if isinstance(expected, str) and ANY in expected:
        return expected == ANY or _fits(expected, actual)
    if isinstance(expected, dict):
        return _match_object(expected, _decoded(actual))
    if isinstance(expected, list):
        same_length = isinstance(actual, list) and len(expected) == len(actual)
        return same_length and all(map(match, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _fits(expected: str, actual: Any) -> bool:
    parts = map(re.escape, expected.split(ANY))
    return isinstance(actual, str) and re.fullmatch(".*".join(parts), actual, re.DOTALL) is not None


def _decoded(actual: Any) -> Any:
    if not isinstance(actual, str):
        return actual
    try:
        return json.loads(actual)
    except ValueError:
        return actual


def _match_object(expected: dict[str, Any], actual: Any) -> bool:
    if not isinstance(actual, dict) or len(expected) != len(actual):
        return False
    return all(key in actual and match(expected[key], actual[key]) for key in expected if ANY not in key)
