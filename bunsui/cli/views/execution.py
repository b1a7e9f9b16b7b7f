"""Executions of state machines as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bunsui.cli.style import Style
from bunsui.cli.text import clean
from bunsui.core.simulation.picture import MARKS, note, seconds

Document = Mapping[str, Any]

_COLORS = {"succeeded": "green", "caught": "yellow", "failed": "red", "aborted": "yellow", "running": "blue"}


def ran(document: Document, style: Style, limit: int | None) -> list[str]:
    """`execution run`: the path as a tree, then how it ended and with what."""
    lines = [state(one, style) for one in document["states"]]
    if not document["complete"]:
        lines.append(style.dim("There are more states: --limit N shows them."))
    color = "green" if document["status"] == "SUCCEEDED" else "red"
    time = f"{seconds(document['seconds'])} of virtual time"
    facts = f"{time}, {document['calls']} calls, {document['events']} events"
    lines += ["", f"{style.paint(document['status'], color)}  {style.dim(facts)}"]
    if document["error"] is not None:
        cause = f": {clean(document['cause'])}" if document["cause"] else ""
        return [*lines, f"{clean(document['error'])}{cause}"]
    return [*lines, clean(json.dumps(document["output"], ensure_ascii=False, indent=2))]


def state(one: Document, style: Style) -> str:
    """One state: mark, name, when it began, tries and error."""
    mark = style.paint(MARKS[one["status"]], _COLORS[one["status"]])
    behind = note(at=one["at"], tries=one["tries"], error=one["error"], cause=one["cause"])
    return f"{'  ' * one['depth']}{mark} {clean(one['name'])}{style.dim(clean(behind))}"
