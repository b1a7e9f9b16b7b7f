"""The one redactor: no secret reaches a log view, a record, an error or a result."""

from __future__ import annotations

import re

from bunsui.core.models.base import JsonValue
from bunsui.core.text import clean

MASK = "***"

_WORDS = (
    r"pass(?:word|wd|phrase)?|secret(?:[_-]?(?:access[_-]?)?key)?|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|(?:session[_-]?)?token|credentials?|authorization"
)
_NAME = re.compile(rf"(?:^|[_\-.])(?:{_WORDS})$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REFERENCE = re.compile(r"(?:env|keyring|ssm|secretsmanager):\S+")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        MASK,
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,})"
        ),
        MASK,
    ),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (
        re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,200}):[^\s/@]{1,500}@", re.IGNORECASE),
        rf"\1:{MASK}@",
    ),
    (
        re.compile(
            rf"(?i)((?:\b|_)(?:{_WORDS})[\"']?\s*[=:]\s*)(?!(?:env|keyring|ssm|secretsmanager):)"
            rf"(?:\"[^\"]*\"|'[^']*'|(?!\*\*\*)[^\s,;&\"'}}\]]+)"
        ),
        rf"\1{MASK}",
    ),
)


def redact(value: JsonValue) -> JsonValue:
    """A copy without secrets. References to secrets (`env:NAME`) are no secrets and stay."""
    if isinstance(value, dict):
        return {key: _named(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return _shown(value) if isinstance(value, str) else value


def _shown(text: str) -> str:
    """The text without secrets; where escape sequences hide one, without those too."""
    plain = clean(text)
    shown = redact_text(plain)
    return text if shown == plain else shown


def redact_text(text: str) -> str:
    """Text with everything masked that looks like a secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _named(key: str, value: JsonValue) -> JsonValue:
    return _masked(value) if _NAME.search(_HUMP.sub("_", key)) else redact(value)


def _masked(value: JsonValue) -> JsonValue:
    """What stands under the name of a secret; in an object the names inside say which part is one."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict) or (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        return redact(value)
    return value if value is None or isinstance(value, bool) else MASK
