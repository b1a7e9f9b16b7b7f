"""The bearer token of a server over HTTP."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bunsui.errors import UsageError

SHORTEST = 20


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def kept_token(path: Path) -> str:
    """The token in a file; a new one is made, readable by its owner only, where there is no file.

    Of servers that start at once one makes it, and all have the same. Raises UsageError for a file that
    others can read, that holds no token, or that cannot be read or made.
    """
    try:
        if not os.path.lexists(path):
            _make(path)
        return _read(path)
    except OSError as error:
        raise UsageError(
            f"{path}: the token cannot be kept there: {error.strerror}",
            next_steps=[
                "Name another file with --token-file",
                "Or make this one readable and writable for you",
            ],
        ) from error


def _make(path: Path) -> None:
    """Put a whole file there at once, unless another server was first: nobody ever reads half a token."""
    scratch = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new_token())
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(scratch)
    except FileExistsError:
        return  # another server was first: its token is the one
    finally:
        scratch.unlink(missing_ok=True)


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path}: others can read this token", next_steps=[f"chmod 600 {path}"])
    token = path.read_text(encoding="ascii", errors="replace").strip()
    if len(token) < SHORTEST or not token.isprintable() or " " in token:
        what = "holds" if token else "is empty, and holds"
        raise UsageError(
            f"{path}: {what} no token of at least {SHORTEST} characters", next_steps=[f"rm {path}"]
        )
    return token
