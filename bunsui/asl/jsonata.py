"""JSONata behind one small interface, so that the library beneath can be replaced.

Variables and ``$states`` are bindings; nothing is pasted into an expression. ``$eval`` does not
exist, and the functions of Step Functions (``$partition $range $hash $random $uuid $parse``) do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

import jsonatapy
import orjson

from bunsui.asl.chance import Chance
from bunsui.asl.errors import JsonataError, JsonataSyntaxError, UnsupportedResult

__all__ = ["UNDEFINED", "Expression", "Host", "JsonataError", "JsonataSyntaxError", "Undefined", "compile"]


class Undefined:
    """The type of :data:`UNDEFINED`."""

    _instance: Undefined | None = None

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED = Undefined()
"""What an expression that selects nothing gives; ``None`` is JSON's null."""


class Host(NamedTuple):
    """What expressions see of their execution: randomness, and the time in epoch seconds."""

    chance: Chance
    now: float


_HOST: ContextVar[Host] = ContextVar("jsonata_host")
_VARIABLE = re.compile(r"\$([^\W\d]\w*)")
_STATES = re.compile(r"\$states\b(?:\s*\.\s*([A-Za-z_]\w*))?(?:\s*\.\s*([A-Za-z_]\w*))?")
_IMPURE = re.compile(r"\$(?:random|uuid|now|millis|shuffle)\b")
_MESSAGE = re.compile(r"^(?:[A-Z][\w ]* error: )?(?:[A-Z][\w ]*: )?([A-Z]\d{4}): (.*)$", re.DOTALL)
_TIMEOUT_MS = 5_000
_UNEXPECTED_END = "S0207"


class Expression:
    """A compiled expression (without its ``{% %}``).

    ``variables`` are the names it may use; ``states`` the fields of ``$states`` it may use, None for all,
    and of each the members it may use, None for the whole field. What an expression cannot reach need not be
    handed to the library, which copies it. ``is_impure`` tells whether it needs the ``Host``.
    """

    __slots__ = ("_compiled", "is_impure", "states", "text", "uses_states", "variables")

    def __init__(self, text: str, compiled: jsonatapy.JsonataExpression) -> None:
        names = frozenset(_VARIABLE.findall(text))
        found = _STATES.findall(text)
        self.text = text
        self.uses_states = bool(found)
        self.states = None if any(not field for field, _ in found) else _members(found, text)
        self.variables = names - {"states"}
        self._compiled = compiled
        self.is_impure = _IMPURE.search(text) is not None

    def evaluate(self, input: Any, bindings: dict[str, Any], host: Host | None = None) -> Any:
        """The value, or :data:`UNDEFINED`.

        ``input`` is the context document (``$``); Step Functions has none, so machines pass None.

        Raises:
            JsonataError: the expression fails, does not end in time, or gives a function.
        """
        if not self.is_impure:
            return self._run(input, bindings, None)
        host = host or Host(Chance(""), 0.0)
        token = _HOST.set(host)
        try:
            return self._run(input, bindings, host.chance)
        finally:
            _HOST.reset(token)

    def _run(self, input: Any, bindings: dict[str, Any], chance: Chance | None) -> Any:
        drawn = chance.draws if chance else 0
        try:
            value = self._compiled.evaluate(input, bindings)
            if value.__class__ is float and not isfinite(value):
                raise JsonataError(f"Number out of range: {value}", "D1001")
            if value is not None:
                return value
            # The second evaluation below has to draw the same random numbers.
            if chance:
                chance.draws = drawn
            return self._nothing(input, bindings)
        except OverflowError:
            return self._run(_rounded(input), _rounded(bindings), chance)
        except (ValueError, TypeError, RecursionError) as exc:
            raise _failure(exc) from None

    def _nothing(self, input: Any, bindings: dict[str, Any]) -> Any:
        """Tell null, undefined and a function apart, all of which the fast call gives as None."""
        document = None if input is None else orjson.dumps(input).decode()
        text = self._compiled.evaluate_json_or_none(document, bindings)
        if text is None:
            return UNDEFINED
        if text != "null":
            raise UnsupportedResult("The expression gives a function")
        return None


def _members(found: list[tuple[str, str]], text: str) -> dict[str, frozenset[str] | None]:
    members: dict[str, frozenset[str] | None] = {}
    for field, member in found:
        known = members.get(field, frozenset())
        # `%` climbs from a member to what holds it.
        whole = not member or known is None or "%" in text
        members[field] = None if whole or known is None else known | {member}
    return members


@lru_cache(maxsize=8192)
def compile(text: str) -> Expression:
    """Compile an expression; compiled expressions are cached.

    Raises:
        JsonataSyntaxError: with code and position.
    """
    try:
        compiled = jsonatapy.compile(text, timeout=_TIMEOUT_MS)
        # Only what the text names: registered functions cost time in every evaluation.
        for name in set(_VARIABLE.findall(text)):
            if name in _FUNCTIONS:
                compiled.register(name, _FUNCTIONS[name])
            elif name in _OVERRIDES:
                compiled.register_override(name, _OVERRIDES[name])
    except ValueError as exc:
        raise _syntax_error(text, str(exc)) from None
    return Expression(text, compiled)


def _rounded(value: Any) -> Any:
    """A value with integers above 64 bits as floats, which is what JSONata knows."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    is_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63
    return float(value) if is_large else value


def _syntax_error(text: str, raw: str) -> JsonataSyntaxError:
    match = _MESSAGE.match(raw)
    code, message = match.groups() if match else ("", raw.removeprefix("Parse error: "))
    position = _position(text, code)
    return JsonataSyntaxError(_readable(code, message, text[position:]), text, position, code)


_TOKEN = re.compile(r"\w+|[:~!<>]=|~>|\.\.|\S")
_SYMBOLS = {"RightParen": ")", "RightBracket": "]", "RightBrace": "}", "Colon": ":", "Comma": ","}


def _readable(code: str, message: str, rest: str) -> str:
    """The message in the words of the reference implementation: tokens as they stand in the text."""
    token = _TOKEN.match(rest)
    if token is not None and code == "S0201":
        return f'Syntax error: "{token.group()}"'
    if token is not None and code == "S0211":
        return f'The symbol "{token.group()}" cannot be used as a unary operator'
    for name, symbol in _SYMBOLS.items():
        message = message.replace(name, f'"{symbol}"')
    return message


def _position(text: str, code: str) -> int:
    """Where the text stops being JSONata: the shortest beginning with the same error ends there.

    The library names no position. An error at a place stays whatever follows it, so bisection finds it.
    """
    if code == _UNEXPECTED_END:
        return len(text)
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _error_code(text[:middle]) == code else (middle, high)
    return low


def _error_code(text: str) -> str | None:
    try:
        jsonatapy.compile(text)
    except ValueError as exc:
        match = _MESSAGE.match(str(exc))
        return match.group(1) if match else ""
    return None


def _failure(exc: Exception) -> JsonataError:
    match = _MESSAGE.match(str(exc))
    if match is None:
        return JsonataError(str(exc).removeprefix("host function raised _Refused: "))
    code, message = match.groups()
    # The library adds the name of the function, which the service does not.
    if code == "T1006":
        message = "Attempted to invoke a non-function"
    return JsonataError(message, code)


class _Refused(Exception):
    """An argument that a function of Step Functions does not take."""


def _partition(items: Any = None, size: Any = None) -> Any:
    if items is None:
        return None
    if not isinstance(size, (int, float)) or size < 1:
        raise _Refused("The second argument of $partition must be a positive number")
    values = items if isinstance(items, list) else [items]
    step = int(size)
    return [values[at : at + step] for at in range(0, len(values), step)]


def _range(start: Any = None, end: Any = None, step: Any = None) -> Any:
    if not all(isinstance(value, (int, float)) for value in (start, end, step)) or step == 0:
        raise _Refused("The arguments of $range must be numbers, the last one not 0")
    values, value = [], start
    while (value <= end) if step > 0 else (value >= end):
        values.append(value)
        value += step
        if len(values) > 1_000_000:
            raise _Refused("$range would give too many items")
    # The service's $range gives a sequence, and a sequence of one is that one.
    return values[0] if len(values) == 1 else values


_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _hash(content: Any = None, algorithm: Any = None) -> Any:
    if not isinstance(content, str) or algorithm not in _ALGORITHMS:
        raise _Refused("$hash takes a string and one of " + ", ".join(_ALGORITHMS))
    return hashlib.new(_ALGORITHMS[algorithm], content.encode(), usedforsecurity=False).hexdigest()


def _parse(text: Any = None) -> Any:
    if not isinstance(text, str):
        raise _Refused("The argument of $parse must be a string")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise _Refused(f"The argument of $parse is not valid JSON: {exc}") from None


def _uuid() -> str:
    return _HOST.get().chance.uuid()


def _random(seed: Any = None) -> float:
    if seed is not None:
        return Chance(str(seed)).random()
    return _HOST.get().chance.random()


def _shuffle(items: Any = None) -> Any:
    values = list(items) if isinstance(items, list) else [items]
    chance = _HOST.get().chance
    for last in range(len(values) - 1, 0, -1):
        other = chance.integer(0, last + 1)
        values[last], values[other] = values[other], values[last]
    return values


def _millis() -> int:
    return int(_HOST.get().now * 1000)


def _now(picture: Any = None, timezone: Any = None) -> Any:
    arguments = "m, p, z" if timezone else "m, p" if picture else "m"
    document = {"m": _millis(), "p": picture, "z": timezone}
    return jsonatapy.compile(f"$fromMillis({arguments})").evaluate(document)


def _eval(*_: Any) -> Any:
    raise _Refused("Attempted to invoke a non-function")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "uuid": _uuid,
    "parse": _parse,
}
_OVERRIDES: dict[str, Callable[..., Any]] = {
    "random": _random,
    "shuffle": _shuffle,
    "millis": _millis,
    "now": _now,
    "eval": _eval,
}
