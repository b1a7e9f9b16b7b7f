"""A job as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bunsui.cli.style import Style
from bunsui.cli.table import table
from bunsui.cli.text import clean, duration, moment
from bunsui.core.models.status import Reason

Document = Mapping[str, Any]


def show(document: Document, style: Style, limit: int | None) -> list[str]:
    """`job show`: what it did, its tries, its input and output."""
    item = f":{document['item']}" if document["item"] else ""
    name = f"{document['run']}/{document['id']}{item}"
    stale = [style.paint("stale", "yellow")] if document["stale"] else []
    lines = ["  ".join((style.bold(clean(name)), style.status(document["status"]), *stale))]
    lines += [f"attempt {document['origin']}, {_why(document)}"]
    lines += _error(document, style)
    if document["tries"]:
        lines += ["", *_tries(document["tries"], style, limit)]
    if document["items"]:
        return [*lines, "", *_items(document["items"], style, limit)]
    for part in ("input", "output"):
        lines += _payload(part, document[part], style)
    return lines


def _why(document: Document) -> str:
    reason, detail = document["reason"], clean(document["detail"])
    if not detail:
        return str(reason)
    return f"{reason} {detail}" if reason == Reason.DOWNSTREAM else f"{reason} ({detail})"


def _error(document: Document, style: Style) -> Iterator[str]:
    error = document["error"]
    if not error:
        return
    yield f"{style.paint(clean(error['error']), 'red')}: {' '.join(clean(error['cause']).split())}"
    for line in (document["log_tail"] or "").splitlines():
        yield style.dim(f"  | {clean(line)}")


def _items(items: Document, style: Style, limit: int | None) -> list[str]:
    """The items of a map job: how many of which status, and a page of them."""
    counts = ", ".join(f"{count} {status}" for status, count in items["counts"].items())
    rows = [
        (
            clean(one["key"]),
            str(one["index"]),
            one["status"],
            str(one["attempt"]),
            one["reason"],
            _said(one["error"]),
        )
        for one in items["page"]
    ]
    head = ("item", "index", "status", "attempt", "why", "error")
    lines = [f"{style.bold('items')}  {counts}", *table(head, rows, style, limit=limit)]
    more = [style.dim(f"There are more: --cursor {items['cursor']}")] if items["cursor"] else []
    return [*lines, *more]


def _said(error: Document | None) -> str:
    return f"{clean(error['error'])}: {' '.join(clean(error['cause']).split())}"[:80] if error else ""


def _tries(tries: list[Document], style: Style, limit: int | None) -> list[str]:
    rows = [
        (
            str(one["operation"] + 1),
            str(one["number"]),
            one["status"],
            moment(one["started_at"]),
            duration(one["duration"]),
            f"{one['max_memory']} MiB" if one["max_memory"] is not None else "-",
        )
        for one in tries
    ]
    return table(("operation", "try", "status", "started", "took", "memory"), rows, style, limit=limit)


def _payload(title: str, payload: Document | None, style: Style) -> Iterator[str]:
    if payload is None:
        return
    yield ""
    yield f"{style.bold(title)}  {style.dim(str(payload['size']) + ' bytes')}"
    if payload["value"] is not None:
        text = orjson.dumps(payload["value"], option=orjson.OPT_INDENT_2).decode()
        yield from (f"  {clean(line)}" for line in text.splitlines())
    if not payload["complete"]:
        yield style.dim(f"  whole in blob {payload['blob']}")
