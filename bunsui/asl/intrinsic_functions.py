"""What each intrinsic function does, and how many arguments it takes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from math import floor
from typing import Any, NamedTuple

import orjson

from bunsui.asl.chance import Chance
from bunsui.asl.payload import dump

_PLACEHOLDER = re.compile(r"\\(['{}\\])|(\{\})|([{}])")
_MAX_TEXT = 10_000
_MAX_RANGE = 1_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_ANY_NUMBER = 1_000


class BadArguments(Exception):
    """The arguments do not fit; the text says why."""


class Function(NamedTuple):
    """``run(values, chance)`` and the least and most number of arguments."""

    run: Callable[[list[Any], Chance], Any]
    arity: tuple[int, int]


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadArguments(f"Expected a number but was {_shown(value)}")
    # Halves go up, as in the service; Python would round them to the next even number.
    return value if isinstance(value, int) else floor(value + 0.5)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadArguments(f"Expected an array but was {_shown(value)}")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise BadArguments(f"Expected a string but was {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else dump(value).decode()


def _format(values: list[Any], _: Chance) -> str:
    rest = iter(values[1:])
    used = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal used
        escaped, _, brace = match.groups()
        if escaped:
            return str(escaped)
        if brace:
            raise BadArguments(f"Unescaped {brace} in the template")
        used += 1
        try:
            return _shown(next(rest))
        except StopIteration:
            raise BadArguments("More placeholders than arguments") from None

    text = _PLACEHOLDER.sub(fill, _string(values[0]))
    if used != len(values) - 1:
        raise BadArguments(f"{used} placeholders for {len(values) - 1} arguments")
    return text


def _string_to_json(values: list[Any], _: Chance) -> Any:
    text = _string(values[0])
    # The service gives null for blank text instead of an error.
    if not text.strip():
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BadArguments(f"Invalid JSON: {exc}") from None


def _json_to_string(values: list[Any], _: Chance) -> str:
    return dump(values[0]).decode()


def _array(values: list[Any], _: Chance) -> list[Any]:
    return values


def _array_partition(values: list[Any], _: Chance) -> list[list[Any]]:
    items, size = _list(values[0]), _integer(values[1])
    if size < 1:
        raise BadArguments("The chunk size must be a positive integer")
    return [items[at : at + size] for at in range(0, len(items), size)]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)


def _array_contains(values: list[Any], _: Chance) -> bool:
    return any(_same(item, values[1]) for item in _list(values[0]))


def _array_range(values: list[Any], _: Chance) -> list[int]:
    start, end, step = (_integer(value) for value in values)
    if step == 0:
        raise BadArguments("The step must not be 0")
    items = range(start, end + (1 if step > 0 else -1), step)
    if len(items) > _MAX_RANGE:
        raise BadArguments(f"The array would have more than {_MAX_RANGE} items")
    return list(items)


def _array_get_item(values: list[Any], _: Chance) -> Any:
    items, index = _list(values[0]), _integer(values[1])
    if not 0 <= index < len(items):
        raise BadArguments(f"Index {index} is out of bounds of an array of {len(items)} items")
    return items[index]


def _array_length(values: list[Any], _: Chance) -> int:
    return len(_list(values[0]))


def _array_unique(values: list[Any], _: Chance) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in _list(values[0]):
        seen.setdefault(json.dumps(item, sort_keys=True), item)
    return list(seen.values())


def _base64_encode(values: list[Any], _: Chance) -> str:
    text = _string(values[0])
    if len(text) > _MAX_TEXT:
        raise BadArguments(f"The text is longer than {_MAX_TEXT} characters")
    return base64.b64encode(text.encode()).decode()


def _base64_decode(values: list[Any], _: Chance) -> str:
    text = _string(values[0])
    if len(text) > _MAX_TEXT:
        raise BadArguments(f"The text is longer than {_MAX_TEXT} characters")
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise BadArguments("The text is not valid Base64") from None


def _hash(values: list[Any], _: Chance) -> str:
    text, algorithm = _shown(values[0]), _string(values[1])
    if len(text) > _MAX_TEXT:
        raise BadArguments(f"The data is longer than {_MAX_TEXT} characters")
    if algorithm not in _HASHES:
        raise BadArguments(f"Unknown algorithm {algorithm}")
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _json_merge(values: list[Any], _: Chance) -> dict[str, Any]:
    left, right, deep = values
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise BadArguments("The first two arguments must be objects")
    if deep is not False:
        raise BadArguments("Only the shallow mode is supported: the third argument must be false")
    return {**left, **right}


def _math_random(values: list[Any], chance: Chance) -> int:
    start, end = _integer(values[0]), _integer(values[1])
    if start >= end:
        raise BadArguments("The start must be less than the end")
    source = Chance(str(_integer(values[2]))) if len(values) > 2 else chance
    return source.integer(start, end)


def _math_add(values: list[Any], _: Chance) -> int:
    return _integer(values[0]) + _integer(values[1])


def _string_split(values: list[Any], _: Chance) -> list[str]:
    text, marks = _string(values[0]), _string(values[1])
    if not marks:
        return [text]
    # Every character of the second argument separates, and empty pieces are dropped.
    return [piece for piece in re.split(f"[{re.escape(marks)}]", text) if piece]


def _uuid(_: list[Any], chance: Chance) -> str:
    return chance.uuid()


FUNCTIONS: dict[str, Function] = {
    "States.Format": Function(_format, (1, _ANY_NUMBER)),
    "States.StringToJson": Function(_string_to_json, (1, 1)),
    "States.JsonToString": Function(_json_to_string, (1, 1)),
    "States.Array": Function(_array, (0, _ANY_NUMBER)),
    "States.ArrayPartition": Function(_array_partition, (2, 2)),
    "States.ArrayContains": Function(_array_contains, (2, 2)),
    "States.ArrayRange": Function(_array_range, (3, 3)),
    "States.ArrayGetItem": Function(_array_get_item, (2, 2)),
    "States.ArrayLength": Function(_array_length, (1, 1)),
    "States.ArrayUnique": Function(_array_unique, (1, 1)),
    "States.Base64Encode": Function(_base64_encode, (1, 1)),
    "States.Base64Decode": Function(_base64_decode, (1, 1)),
    "States.Hash": Function(_hash, (2, 2)),
    "States.JsonMerge": Function(_json_merge, (3, 3)),
    "States.MathRandom": Function(_math_random, (2, 3)),
    "States.MathAdd": Function(_math_add, (2, 2)),
    "States.StringSplit": Function(_string_split, (2, 2)),
    "States.UUID": Function(_uuid, (0, 0)),
}
