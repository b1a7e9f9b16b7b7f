"""Addresses of resources: `bunsui://NOUN/...`."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

SCHEME = "bunsui"
AUDIT = f"{SCHEME}://audit"

TEMPLATES = {
    "session": "bunsui://session/{session}",
    "definition": "bunsui://pipeline/{pipeline}/definition",
    "machine": "bunsui://pipeline/{pipeline}/machine",
    "log": "bunsui://session/{session}/{run}/{job}/log",
    "input": "bunsui://session/{session}/{run}/{job}/input",
    "output": "bunsui://session/{session}/{run}/{job}/output",
}

_PATTERNS = {
    name: re.compile("^" + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/?#]+)", re.escape(template)) + "$")
    for name, template in TEMPLATES.items()
}


def session(session_id: str) -> str:
    """Address of a session."""
    return f"{SCHEME}://session/{quote(session_id, safe='')}"


def pipeline(name: str, part: str) -> str:
    """Address of a pipeline's `definition` or compiled `machine`."""
    return f"{SCHEME}://pipeline/{quote(name, safe='')}/{part}"


def job(session_id: str, run: str, name: str, part: str) -> str:
    """Address of a job's `log`, `input` or `output`."""
    return "/".join([session(session_id), *(quote(word, safe="@") for word in (run, name)), part])


def parsed(uri: str) -> tuple[str, dict[str, str]] | None:
    """The name of the template that an address fits, with its parts; None for any other address."""
    if uri == AUDIT:
        return "audit", {}
    for name, pattern in _PATTERNS.items():
        if found := pattern.match(uri):
            return name, {key: unquote(value) for key, value in found.groupdict().items()}
    return None
