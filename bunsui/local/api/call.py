"""One call of the API, and how its fields are read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from bunsui.local.api.arns import Place
from bunsui.local.api.errors import ApiError, invalid, missing, out_of_range

T = TypeVar("T")

MOST_RESULTS = 1_000
DEFAULT_RESULTS = 100

Operation = Callable[["Call"], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call: who speaks to which place, and the decoded body, whose fields have the right types."""

    operation: str
    place: Place
    body: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A string that must be there. Raises ApiError."""
        value = self.optional(name)
        if value is None:
            raise missing(name)
        return value

    def optional(self, name: str) -> str | None:
        """A string that may be there."""
        value = self.body.get(name)
        return None if value is None else str(value)

    def one_of(self, name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        """A string out of a set. Raises ApiError."""
        value = self.optional(name)
        if value is not None and value not in allowed:
            raise out_of_range(name, value, f"satisfy enum value set: [{', '.join(allowed)}]")
        return default if value is None else value

    def document(self, name: str, default: str, error: str, text: str) -> Any:
        """A JSON document in a string. Raises ApiError with this code and text."""
        given = self.optional(name)
        try:
            return orjson.loads(default if given is None else given)
        except orjson.JSONDecodeError as problem:
            raise ApiError(error, f"{text}: '{problem}'") from None

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """The part of a list that is asked for, and the token of the next. Raises ApiError."""
        size, begin = self._size(), self._begin()
        end = begin + size
        more = {"nextToken": _token(end)} if end < len(items) else {}
        return items[begin:end], more

    def _size(self) -> int:
        given = self.body.get("maxResults") or DEFAULT_RESULTS
        if not 0 < given <= MOST_RESULTS:
            raise out_of_range("maxResults", given, f"have value less than or equal to {MOST_RESULTS}")
        return int(given)

    def _begin(self) -> int:
        token = self.optional("nextToken")
        if token is None:
            return 0
        try:
            begin = int(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError):
            begin = -1
        if begin < 0:
            raise ApiError("InvalidToken", f"Invalid Token: '{token}'")
        return begin


def _token(begin: int) -> str:
    return base64.b64encode(str(begin).encode()).decode()


def limited(name: str, text: str, most: int) -> str:
    """The text, if it is not longer. Raises ApiError."""
    if len(text.encode(errors="surrogatepass")) > most:
        raise invalid(
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )
    return text
