"""What an ItemReader reads, as items: JSON, JSON Lines, CSV and lists of objects.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

MAX_ITEMS = 100_000_000
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


class UnreadableItems(Exception):
    """The text is not what the configuration says; the message is AWS's cause."""


def parse_items(body: str | None, listed: list[Any] | None, config: Mapping[str, Any]) -> list[Any]:
    """The items of a Map, at most ``MaxItems``.

    ``body`` is the text of the object; ``listed`` is set instead where the reader listed objects.

    Raises:
        UnreadableItems: wrong format or configuration.
    """
    limit = max_items(config)
    items = iter(listed) if listed is not None else _parse(body or "", config)
    return [item for _, item in zip(range(limit), items, strict=False)]


def max_items(config: Mapping[str, Any]) -> int:
    """MaxItems, or the service's own limit.

    Raises:
        UnreadableItems: it is no positive integer.
    """
    limit = config.get("MaxItems")
    if limit is None or limit == 0:
        return MAX_ITEMS
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit < 0 or limit != int(limit):
        raise UnreadableItems("field MaxItems must be positive")
    return min(int(limit), MAX_ITEMS)


def _parse(body: str, config: Mapping[str, Any]) -> Iterator[Any]:
    kind = config.get("InputType", "JSON")
    if kind == "JSON":
        return _json(body, config.get("ItemsPointer"))
    if kind == "JSONL":
        return _lines(body)
    if kind == "CSV":
        return _csv(body, config)
    raise UnreadableItems(f"InputType {kind} cannot be read here: use JSON, JSONL or CSV.")


def _json(body: str, pointer: str | None) -> Iterator[Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnreadableItems("Unable to parse the input as JSON.") from None
    if pointer:
        document = _pointed(document, pointer)
    if isinstance(document, list):
        return iter(document)
    if isinstance(document, dict) and pointer:
        return iter([{"Key": key, "Value": value} for key, value in document.items()])
    raise UnreadableItems("Attempting to map over non-iterable node.")


def _pointed(document: Any, pointer: str) -> Any:
    node = document
    for part in pointer.lstrip("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise UnreadableItems(f"ItemsPointer {pointer} does not match the input.") from None
    return node


def _lines(body: str) -> Iterator[Any]:
    # Not splitlines: JSON strings may hold other line separators as they are.
    for number, line in enumerate(body.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            raise UnreadableItems(f"Unable to parse line {number} as JSON.") from None


def _rows(body: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    except csv.Error as exc:
        raise UnreadableItems(f"Unable to parse the input as CSV: {exc}.") from None


def _csv(body: str, config: Mapping[str, Any]) -> Iterator[Any]:
    delimiter = _DELIMITERS.get(config.get("CSVDelimiter", "COMMA"))
    if delimiter is None:
        raise UnreadableItems("CSVDelimiter is not supported.")
    rows = (row for row in _rows(body, delimiter) if row)
    if config.get("CSVHeaderLocation") == "GIVEN":
        headers = list(config.get("CSVHeaders", ()))
    else:
        headers = next(rows, [])
    if len(set(headers)) != len(headers):
        raise UnreadableItems("CSV headers cannot contain duplicates.")
    # Short rows are filled up and long ones cut, as the service does.
    for row in rows:
        padded = row + [""] * (len(headers) - len(row))
        yield dict(zip(headers, padded, strict=False))
