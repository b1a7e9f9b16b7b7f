"""The bearer token: nobody can guess it, and nobody else can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import UsageError
from bunsui_mcp.token import SHORTEST, kept_token, new_token


def test_tokens_are_long_and_never_the_same() -> None:
    made = {new_token() for _ in range(50)}
    assert len(made) == 50
    assert min(map(len, made)) > 40


def test_a_token_is_made_once_and_kept_private(tmp_path: Path) -> None:
    token = kept_token(tmp_path / "token")
    assert kept_token(tmp_path / "token") == token
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_a_token_of_ones_own_is_taken_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("a" * SHORTEST + "\n")
    path.chmod(0o600)
    assert kept_token(path) == "a" * SHORTEST


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept_token(tmp_path / "token")
    (tmp_path / "token").chmod(mode)
    with pytest.raises(UsageError, match="others can read") as caught:
        kept_token(tmp_path / "token")
    assert caught.value.next_steps == (f"chmod 600 {tmp_path / 'token'}",)


@pytest.mark.parametrize(
    "text", ["", "\n", "a" * (SHORTEST - 1), "two words that are long", "é" * 5, "a\x00" * 20]
)
def test_a_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="holds no token"):
        kept_token(path)
