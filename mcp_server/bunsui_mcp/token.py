"""The bearer token of a server over HTTP."""

from __future__ import annotations

import secrets
from pathlib import Path

from bunsui.errors import UsageError

SHORTEST = 20


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def kept_token(path: Path) -> str:
    """The token in a file; a new one is made, readable by its owner only, where there is no file.

    Raises UsageError for a file that others can read, or that holds no token.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(token := new_token(), encoding="ascii")
        return token
    except FileExistsError:
        return _read(path)


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path}: others can read this token", next_steps=[f"chmod 600 {path}"])
    token = path.read_text(encoding="ascii", errors="replace").strip()
    if len(token) < SHORTEST or not token.isprintable() or " " in token:
        raise UsageError(
            f"{path}: holds no token of at least {SHORTEST} characters", next_steps=[f"rm {path}"]
        )
    return token
