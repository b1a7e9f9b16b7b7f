"""Sessions as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bunsui.cli.style import Style
from bunsui.cli.table import table
from bunsui.cli.text import clean, duration, moment

Document = Mapping[str, Any]
ENDED = frozenset({"succeeded", "failed", "stopped", "timed_out"})
LOG_LINES = 12
SINGLY = 4
ITEMS_SHOWN = 20


def listing(document: Document, style: Style, limit: int | None) -> list[str]:
    """`session list`."""
    items = document["sessions"]
    if not items:
        return ["No sessions. Start one: bunsui session start PATH  (bunsui demo shows how it goes)"]
    rows = [
        (
            one["id"],
            one["status"] + (" stale" if one["stale"] else ""),
            one["key"] or "-",
            ", ".join(one["pipelines"]),
            moment(one["created_at"]),
            " ".join(f"{key}={value}" for key, value in one["tags"].items()),
        )
        for one in items
    ]
    lines = table(("id", "status", "key", "pipelines", "created", "tags"), rows, style, limit=limit)
    if document.get("cursor"):
        lines.append(style.dim(f"There are more: --cursor {document['cursor']}"))
    return lines


def show(document: Document, style: Style, limit: int | None) -> list[str]:
    """`session show`: a headline, a table per run, what failed and why, and what to do next."""
    lines = [_headline(document, style), *_holds(document, style), *_counts(document, style)]
    several = len(document["runs"]) > SINGLY
    for run in document["runs"]:
        if several and run["status"] == "succeeded" and not run["stale"]:
            lines += ["", _run_line(run, style)]
            continue
        lines += ["", _run_line(run, style), *_job_table(run, style, limit)]
        lines += [line for job in run["jobs"] for line in _failure(job, style)]
        lines += _run_failure(run, style)
    return lines + [style.dim(step) for step in next_steps(document)]


def waited(document: Document, style: Style, limit: int | None) -> list[str]:
    """`session wait`: where it stands, and every failed job with its cause and the end of its log."""
    state = "" if document["ended"] else ", the time was up"
    of_many = sum(document["runs"].values()) > SINGLY
    what = document["runs"] if of_many else document["jobs"]
    counts = ", ".join(f"{count} {status}" for status, count in what.items()) + (" runs" if of_many else "")
    lines = [f"{style.bold(document['id'])}  {style.status(document['status'])}{state}  {counts}"]
    for job in document["failed"]:
        lines += _failure({**job, "id": f"{job['run']}/{job['job']}"}, style)
    return lines if document["complete"] else [*lines, f"More failed: bunsui session show {document['id']}"]


def changed(document: Document, style: Style, limit: int | None) -> list[str]:
    """After a change: the plan that was carried out (or only shown), then the session."""
    lines = plan(document["plan"], style, limit) if document.get("plan", {}).get("runs") is not None else []
    if "id" not in document:
        return lines
    lines += [""] if lines else []
    lines += [_headline(document, style), *_holds(document, style)]
    return [*lines, *(style.dim(step) for step in next_steps(document))]


def plan(document: Document, style: Style, limit: int | None) -> list[str]:
    """What a start or rerun does, run by run: job, action, reason. Many like runs are told once."""
    lines: list[str] = []
    for alike in _alike(document["runs"]):
        run = alike[0]
        attempt = f"attempt {run['attempt']}" if run["attempt"] else "no attempt"
        names = run["id"] if len(alike) == 1 else f"{len(alike)} runs, {run['id']} … {alike[-1]['id']}"
        lines.append(f"{style.bold(names)}  {attempt}  definition {run['definition'][:12]}")
        rows = [row for job in run["jobs"] for row in _planned(job)]
        lines += table(("job", "action", "reason"), rows, style, limit=limit)
        lines += [style.dim(clean(note)) for note in run.get("notes", ())]
    lines += [style.paint(f"warning: {clean(text)}", "yellow") for text in document.get("warnings", ())]
    return [*lines, summary(document)]


def _planned(job: Document) -> Iterator[tuple[str, str, str]]:
    """The line of a job in a plan, and below it those of the items of a map job."""
    yield job["id"], job["action"], _why(job)
    items: Sequence[Document] = job.get("items", ())
    for one in items[:ITEMS_SHOWN]:
        yield f"· {clean(one['key'])}", one["action"], one["reason"]
    if len(items) > ITEMS_SHOWN:
        yield f"· and {len(items) - ITEMS_SHOWN} more", items[-1]["action"], ""
    if job.get("reuse") == "unchanged":
        yield "· items", "", "those that are what they were keep their results"
    elif job.get("reuse") == "planned":
        yield f"· {job['kept']} other items", "keep", ""


def _alike(runs: Sequence[Document]) -> list[list[Document]]:
    """Runs with which the same happens, together where there are many."""
    if len(runs) <= SINGLY:
        return [[run] for run in runs]
    groups: dict[str, list[Document]] = {}
    for run in runs:
        groups.setdefault(str({**run, "id": ""}), []).append(run)
    return list(groups.values())


def summary(document: Document) -> str:
    """`5 to run, 3 reused`."""
    actions = [job["action"] for run in document["runs"] for job in run["jobs"]]
    words = {"run": "to run", "reuse": "reused", "skip": "skipped"}
    counted = [f"{actions.count(name)} {words.get(name, name)}" for name in dict.fromkeys(actions)]
    return ", ".join(counted) if "run" in actions else ", ".join(["nothing to run", *counted])


def next_steps(document: Document) -> Iterator[str]:
    """What a person would do now."""
    session = document["id"]
    if document["status"] in {"failed", "timed_out", "stopped"}:
        several = sum(document.get("run_counts", {}).values()) > 1
        failed = [
            f"{run['id']}/{job['id']}" if several else job["id"]
            for run in document["runs"]
            for job in run["jobs"]
            if job["status"] in {"failed", "timed_out", "lost"} and job["started_at"]
        ]
        if failed:
            yield _look(session, failed[0], document)
        yield f"After a fix: bunsui session rerun {session} --dry-run, then without --dry-run"
    elif document["stale"]:
        yield f"Stale results: bunsui session rerun {session} --strategy changed,"
        yield f"or take them as good: bunsui session accept {session} --reason TEXT"
    elif document["status"] not in ENDED:
        yield f"Watch: bunsui session show {session} --watch"


def _look(session: str, ref: str, document: Document) -> str:
    """Where the reason of a failure is told: in the log of a job, in the items of a map."""
    name = ref.rpartition("/")[2]
    maps = {job["id"] for run in document["runs"] for job in run["jobs"] if job.get("items")}
    return (
        f"Items: bunsui job show {session} {ref}" if name in maps else f"Log: bunsui job logs {session} {ref}"
    )


def changes(before: Document | None, after: Document) -> Iterator[str]:
    """One line for every job and attempt whose status moved between two documents."""
    seen = _statuses(before) if before else {}
    for key, (status, detail) in _statuses(after).items():
        if seen.get(key, ("pending", ""))[0] != status:
            yield "  ".join(filter(None, (" ".join(key), status, detail)))


def _statuses(document: Document) -> dict[tuple[str, ...], tuple[str, str]]:
    # Of hundreds of runs only those are listed that go on; a single one left is still one of many.
    several = max(len(document["runs"]), sum(document.get("run_counts", {}).values())) > 1
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for run in document["runs"]:
        for job in run["jobs"]:
            key = (f"{run['id']}/{job['id']}",) if several else (job["id"],)
            error = job["error"]
            found[key] = (job["status"], _one_line(error) if error else _took(job))
    return found


def _headline(document: Document, style: Style) -> str:
    words = [style.bold(document["id"]), style.status(document["status"])]
    words += [style.paint("stale", "yellow")] if document["stale"] else []
    words += [f"key {clean(document['key'])}"] if document["key"] else []
    words += [f"{clean(key)}={clean(value)}" for key, value in document["tags"].items()]
    words += [f"{document['warnings']} warnings"] if document["warnings"] else []
    return "  ".join((*words, style.dim(f"created {moment(document['created_at'])} UTC")))


def _holds(document: Document, style: Style) -> Iterator[str]:
    """Who holds the session, since when and why."""
    for hold in document.get("holds", ()):
        why = f": {clean(hold['reason'])}" if hold["reason"] else ""
        by = f"by {clean(hold['by'])} since {moment(hold['at'])} UTC{why}"
        yield f"{style.paint(hold['kind'], 'yellow')} {by}"


def _counts(document: Document, style: Style) -> Iterator[str]:
    """All runs by status, where there are several."""
    counts = document.get("run_counts", {})
    if sum(counts.values()) > 1:
        words = ", ".join(f"{count} {status}" for status, count in counts.items())
        yield f"{sum(counts.values())} runs: {words}"
    if not document.get("complete", True):
        hint = f"bunsui session show {document['id']} --run ID"
        yield style.dim(f"Only runs that failed or go on are listed; any other: {hint}")


def _run_line(run: Document, style: Style) -> str:
    attempts: Sequence[Document] = run["attempts"]
    params = " ".join(f"{name}={value_text(value)}" for name, value in run["params"].items())
    count = f"attempt {attempts[-1]['number']}" if attempts else "not begun"
    return "  ".join((style.bold(run["id"]), style.status(run["status"]), count, style.dim(clean(params))))


def _run_failure(run: Document, style: Style) -> Iterator[str]:
    """Why a run failed that no job explains, such as an output that could not be computed."""
    error = run["attempts"][-1]["error"] if run["attempts"] else None
    if error and run["status"] in ENDED and not any(job["error"] for job in run["jobs"]):
        yield f"{style.paint(clean(run['id']), 'red')} {run['status']}: {_one_line(error)}"


def value_text(value: object) -> str:
    """A parameter as one would give it: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _job_table(run: Document, style: Style, limit: int | None) -> list[str]:
    rows = [
        (
            clean(job["id"]),
            job["status"] + (" stale" if job["stale"] else ""),
            str(job["attempt"]),
            _took(job) or "-",
            "; ".join(filter(None, (_why(job), _item_counts(job)))),
        )
        for job in run["jobs"]
    ]
    return table(("job", "status", "attempt", "time", "why"), rows, style, limit=limit)


def _item_counts(job: Document) -> str:
    counts: Document = job.get("items") or {}
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"items: {told}" if told else ""


def _failure(job: Document, style: Style) -> Iterator[str]:
    gate = job.get("approval")
    if gate and job["status"] == "waiting":
        yield f"{style.paint(clean(job['id']), 'yellow')} waits for a person: {clean(gate['message'])}"
        if gate["approved"] is None:
            yield style.dim(
                f"  decide until {moment(gate['expires_at'])} UTC: bunsui approval decide {gate['plan_id']}"
            )
    if not job["error"]:
        return
    yield ""
    yield f"{style.paint(clean(job['id']), 'red')} {job['status']}: {_one_line(job['error'])}"
    for line in (job["log_tail"] or "").splitlines()[-LOG_LINES:]:
        yield style.dim(f"  | {clean(line)}")


def _one_line(error: Document) -> str:
    cause = " ".join(clean(error["cause"]).split())
    return f"{clean(error['error'])}: {cause}" if cause else clean(error["error"])


def _why(job: Document) -> str:
    detail = job.get("detail") or ""
    return clean(f"{job['reason']} ({detail})" if detail not in ("", job["reason"]) else job["reason"])


def _took(job: Document) -> str:
    begin, end = job["started_at"], job["finished_at"]
    if not begin or not end:
        return ""
    return duration((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
