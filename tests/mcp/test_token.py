"""The bearer token: nobody can guess it, and nobody else can read it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bunsui.errors import UsageError
from bunsui_mcp import token as module
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


def test_a_server_that_starts_while_the_token_is_made_has_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, others = tmp_path / "token", list[str]()

    def made_while_another_starts() -> str:
        monkeypatch.setattr(module, "new_token", new_token)
        others.append(kept_token(path))
        return new_token()

    monkeypatch.setattr(module, "new_token", made_while_another_starts)
    assert [kept_token(path)] == others == [path.read_text(encoding="ascii")]
    assert [file.name for file in tmp_path.iterdir()] == ["token"]


def test_servers_that_start_at_once_have_one_token(tmp_path: Path) -> None:
    count = 8
    together = Barrier(count)

    def started(number: int) -> str:
        together.wait(timeout=20)
        return kept_token(tmp_path / f"token{number}")

    with ThreadPoolExecutor(count) as servers:
        for number in range(20):
            assert len(set(servers.map(started, [number] * count))) == 1


def test_the_file_is_private_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept_token(tmp_path / "token")
    finally:
        os.umask(before)
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_an_empty_file_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "token").touch(mode=0o600)
    with pytest.raises(UsageError, match="is empty, and holds no token") as caught:
        kept_token(tmp_path / "token")
    assert caught.value.next_steps == (f"rm {tmp_path / 'token'}",)


@pytest.mark.parametrize("name", ["folder", "absent/token", "dangling", "a" * 300])
def test_where_no_token_can_be_kept_the_reason_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="the token cannot be kept there: ") as caught:
        kept_token(tmp_path / name)
    assert "--token-file" in caught.value.next_steps[0]
    assert {file.name for file in tmp_path.iterdir()} == {"folder", "dangling"}
