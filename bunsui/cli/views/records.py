"""Approvals, the audit trail and the doctor as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bunsui.cli.style import Style
from bunsui.cli.table import table
from bunsui.cli.text import clean, moment

Document = Mapping[str, Any]
_NAMED = 5
_GRADES = {"ok": "green", "warning": "yellow", "failed": "red"}


def approvals(document: Document, style: Style, limit: int | None) -> list[str]:
    """`approval list`."""
    if not document["approvals"]:
        return ["Nothing is waiting for a decision."]
    rows = [
        (one["id"], "expired" if one["expired"] else one["state"], one["effect"], moment(one["created_at"]),
         one["created_by"], one["title"])
        for one in document["approvals"]
    ]  # fmt: skip
    lines = table(("plan", "state", "effect", "made", "by", "what"), rows, style, limit=limit)
    if not document["complete"]:
        lines.append(style.dim(f"There are more: --cursor {document['cursor']}"))
    if any(one["state"] == "pending" and not one["expired"] for one in document["approvals"]):
        lines.append(style.dim("Decide on a terminal: bunsui approval decide PLAN, or --deny to say no."))
    return lines


def approval(document: Document, style: Style, limit: int | None) -> list[str]:
    """`approval show`."""
    state = "expired" if document["expired"] else document["state"]
    lines = [f"{style.bold(clean(document['title']))}  {state}"]
    lines.append(style.dim(f"{document['tool']} · {document['effect']} · profile {document['profile']}"))
    lines += [f"  {clean(line)}" for line in document["text"]]
    lines.append(f"asked by {clean(document['created_by'])}, expires {moment(document['expires_at'])} UTC")
    if document["decided_by"]:
        how = f"{clean(document['decided_by'])} ({document['decided_how']})"
        lines.append(f"decided by {how} at {moment(document['decided_at'])} UTC")
    elif state == "pending":
        lines.append(f"decide on a terminal: bunsui approval decide {document['id']}")
    return lines


def audit(document: Document, style: Style, limit: int | None) -> list[str]:
    """`audit list`."""
    if not document["entries"]:
        return ["The audit trail is empty."]
    rows = [
        (str(one["seq"]), moment(one["at"]), one["kind"], f"{one['actor']} ({one['caller']})", one["tool"],
         one["subject"] or one["plan_id"] or "-", _said(one["data"]))
        for one in document["entries"]
    ]  # fmt: skip
    lines = table(("seq", "at", "kind", "who", "tool", "subject", "said"), rows, style, limit=limit)
    return (
        [*lines, style.dim(f"There are more: --cursor {document['cursor']}")] if document["cursor"] else lines
    )


def verified(document: Document, style: Style, limit: int | None) -> list[str]:
    """`audit verify`."""
    if document["valid"]:
        head = f"{document['entries']} entries, head {document['head'][:16]}"
        return [f"{style.paint('valid', 'green')}  {head}"]
    return [f"{style.paint('broken', 'red')}  {clean(str(document['broken']))}"]


def removed(document: Document, style: Style, limit: int | None) -> list[str]:
    """`ops gc` and `session delete`: what went, or would go."""
    rows = [(one["kind"], str(one["count"]), f"{one['bytes']:,}") for one in document["leftovers"]]
    lines = table(("files", "count", "bytes"), rows, style, limit=limit) if rows else []
    count = len(document["sessions"])
    names = ", ".join(document["sessions"][:_NAMED]) + (" …" if count > _NAMED else "")
    verb = "to remove" if document["dry_run"] else "removed"
    sessions = "1 session" if count == 1 else f"{count} sessions"
    of_which = f" ({names})" if names else ""
    return [*lines, f"{sessions}{of_which} and {document['bytes']:,} bytes of files {verb}"]


def doctor(document: Document, style: Style, limit: int | None) -> list[str]:
    """`ops doctor`: the worst first, each with its remedy."""
    return [line for check in document["checks"] for line in _check(check, style)]


def maintenance(document: Document, style: Style, limit: int | None) -> list[str]:
    """`ops maintenance`: the state, and who is held by it."""
    if not document["on"]:
        return [f"profile {document['profile']} is not in maintenance"]
    why = f": {clean(document['reason'])}" if document["reason"] else ""
    by = f"by {clean(document['by'])} since {moment(document['at'])} UTC{why}"
    lines = [f"profile {document['profile']} is {style.paint('in maintenance', 'yellow')}, {by}"]
    lines += [f"  session {session} is {status}" for session, status in document["sessions"].items()]
    return [*lines, style.dim("End it: bunsui ops maintenance off")]


def _check(check: Document, style: Style) -> Iterator[str]:
    grade = style.paint(check["grade"].ljust(8), _GRADES[check["grade"]])
    yield f"{grade}{check['name'].ljust(16)}{clean(check['message'])}"
    if check["fix"]:
        yield f"{' ' * 24}{style.dim(clean(check['fix']))}"


def _said(data: Document) -> str:
    """What an entry tells in a line: who allowed or answered, else its title, result or reason."""
    if how := data.get("how"):
        return "the policy allows it" if how == "policy" else clean(f"by {data.get('by')} ({how})")
    if data.get("reply") and data.get("channel"):
        by = f" by {data['by']}" if data.get("by") else ""
        return clean(f"{data['reply']}{by} ({data['channel']})")
    for name in ("title", "summary", "reply", "reason", "message"):
        if data.get(name):
            return clean(str(data[name]))
    return "-"
