"""Pipelines as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bunsui.cli.style import Style
from bunsui.cli.table import table
from bunsui.cli.text import clean, duration, moment
from bunsui.cli.views import session

Document = Mapping[str, Any]


def listing(document: Document, style: Style, limit: int | None) -> list[str]:
    """`pipeline list`."""
    found = document["pipelines"]
    if not found:
        return ["No registered pipelines. Register one: bunsui pipeline register PATH"]
    rows = [
        (one["name"], one["version"][:12], moment(one["registered_at"]), clean(one["source"] or "-"))
        for one in found
    ]
    return table(("name", "version", "registered", "source"), rows, style, limit=limit)


def show(document: Document, style: Style, limit: int | None) -> list[str]:
    """`pipeline show`: parameters, jobs, versions."""
    head = f"{style.bold(clean(document['name']))}  {document['version'][:12]}"
    lines = [head, clean(document["description"] or ""), style.dim(clean(document["source"] or ""))]
    params = [
        (one["name"], one["type"], _default(one), clean(one["description"] or "-"))
        for one in document["params"]
    ]
    jobs = [
        (
            one["id"],
            ", ".join(one["needs"]) or "-",
            " ".join(one["operations"]),
            clean(one["description"] or "-"),
        )
        for one in document["jobs"]
    ]
    versions = [
        (one["version"][:12], "yes" if one["registered"] else "no", moment(one["registered_at"]))
        for one in document["versions"]
    ]
    lines += _titled("parameters", ("name", "type", "default", "description"), params, style, limit)
    lines += _titled("jobs", ("id", "needs", "operations", "description"), jobs, style, limit)
    return lines + _titled("versions", ("version", "registered", "at"), versions, style, limit)


def plan(document: Document, style: Style, limit: int | None) -> list[str]:
    """`pipeline plan`: what would run, and how long it would take."""
    lines = session.plan(document["plan"], style, limit)
    lines.append(f"critical path: {' → '.join(map(clean, document['critical_path']))}")
    expected = document["expected_seconds"]
    known = duration(expected) if expected is not None else "unknown: no earlier run tells"
    return [*lines, f"expected duration: {known}"]


def deleted(document: Document, style: Style, limit: int | None) -> list[str]:
    """`pipeline delete`: which versions went, or would go, and which stay for the sessions that ran them."""
    words = ("to delete", "would stay") if document["dry_run"] else ("deleted", "stays")
    name = style.bold(clean(document["name"]))
    gone = [f"{name}  {version[:12]}  {words[0]}" for version in document["deleted"]]
    kept = "for the sessions that ran it, but cannot be started by name"
    return gone + [f"{name}  {version[:12]}  {words[1]} {kept}" for version in document["kept"]]


def validation(document: Document, style: Style, limit: int | None) -> list[str]:
    """`pipeline validate`: findings as a compiler prints them, and a verdict for every file."""
    lines: list[str] = []
    for file in document["files"]:
        lines += [line for one in file["findings"] for line in _finding(file, one, style)]
        verdict = style.paint("valid", "green") if file["valid"] else style.paint("invalid", "red")
        lines.append(f"{verdict}  {clean(file['file'])}  {style.dim(_kind(file))}")
    lines.append(f"{_counted(document['errors'], 'error')}, {_counted(document['warnings'], 'warning')}")
    return lines if document["complete"] else [*lines, "There are more findings: --limit N shows them."]


def _finding(file: Document, one: Document, style: Style) -> Iterator[str]:
    place = ":".join(str(part) for part in (file["file"], one["line"], one["column"]) if part)
    severity = style.paint(one["severity"], "red" if one["severity"] == "error" else "yellow")
    key = f"{clean(one['key'])}: " if one["key"] else ""
    hint = f", did you mean '{clean(one['suggestion'])}'?" if one["suggestion"] else ""
    yield f"{clean(place)}: {severity}: {key}{clean(one['message'])}{hint}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _kind(file: Document) -> str:
    return " ".join(clean(str(file[name])) for name in ("kind", "name") if file.get(name))


def _default(param: Document) -> str:
    return "required" if param["required"] else clean(session.value_text(param["default"]))


def _titled(
    title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], style: Style, limit: int | None
) -> list[str]:
    return ["", style.bold(title), *table(header, rows, style, limit=limit)] if rows else []
