"""The log of a job for people: every page of it, and with `--follow` until the job has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bunsui.cli.output import Output
from bunsui.cli.runner import call
from bunsui.cli.style import Style
from bunsui.cli.text import clean, moment
from bunsui.core.models.base import JsonValue
from bunsui.core.session.reconcile import carry_on
from bunsui.errors import UsageError
from bunsui.tools.runtime import Runtime

LOOK_AGAIN = 0.5


async def print_log(runtime: Runtime, given: Mapping[str, JsonValue], output: Output, *, follow: bool) -> int:
    """Print page after page, or as many lines as were asked for.

    Raises UsageError where `--follow` meets a machine format of one document.
    """
    if follow and not output.for_people:
        raise UsageError("--follow prints lines as they come", next_steps=["leave --json and --output away"])
    printed, document = _Printer(output.style), dict[str, Any]()
    async for document in _pages(runtime, given, output.style, follow=follow):
        output.lines(printed.lines(document))
    if printed.nothing:
        chosen = any(given.get(name) for name in ("search", "since", "cursor"))
        why = (
            "none is what you asked for"
            if chosen
            else "it printed nothing, was not called, or they were removed"
        )
        output.say(f"No log lines of {_which(document)}: {why}.")
    elif not document["complete"]:
        output.say(output.style.dim(f"There are more: --cursor {document['cursor']}"))
    return 0


async def _pages(
    runtime: Runtime, given: Mapping[str, JsonValue], style: Style, *, follow: bool
) -> AsyncIterator[dict[str, Any]]:
    arguments = dict(given)
    while True:
        document = (await call(runtime, "job_logs", arguments, style)).document()
        yield document
        if document["ended"] or (not follow and (document["complete"] or "limit" in given)):
            return
        arguments["cursor"] = document["cursor"]
        if document["complete"] and not await runtime.ports.store.events.changed(timeout=LOOK_AGAIN):
            await carry_on(runtime.ports, str(document["session"]))


class _Printer:
    """Prints a heading where a new try begins."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._shown: tuple[int, int] | None = None

    @property
    def nothing(self) -> bool:
        """Whether there was no line to print."""
        return self._shown is None

    def lines(self, document: Mapping[str, Any]) -> list[str]:
        lines: list[str] = []
        for section in document["sections"]:
            which = (section["operation"], section["number"])
            if which != self._shown:
                lines.append(self._style.dim(_heading(document, section)))
                self._shown = which
            lines += [clean(line) for line in section["lines"]]
        return lines


def _heading(document: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    operation = f" operation {section['operation'] + 1}" if section["operation"] else ""
    begun = moment(section["started_at"])
    return f"── {_which(document)}{operation} try {section['number']} {section['status']} ({begun} UTC)"


def _which(document: Mapping[str, Any]) -> str:
    """The job, its item, and the attempt whose log it is: of a reused job that of the one that ran it."""
    item = f":{clean(document['item'])}" if document["item"] else ""
    return f"{clean(document['job'])}{item} attempt {document['attempt']}"
