"""Ctrl-C ends every command with its own status, also while it loads and within the demonstration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bunsui.cli import app, main


class Interrupting:
    """A finder in which Ctrl-C meets the import of the command line."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name == "bunsui.cli.app":
            raise KeyboardInterrupt


def test_while_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bunsui.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert main.main(["session", "list"]) == main.INTERRUPTED


def test_a_step_of_the_demonstration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begun: list[list[str]] = []

    def interrupted(words: list[str]) -> int:
        begun.append(words)
        return main.INTERRUPTED

    monkeypatch.setattr(main, "main", interrupted)
    assert app.run(["demo", str(tmp_path / "copy"), "--data-dir", str(tmp_path / "data")]) == main.INTERRUPTED
    assert len(begun) == 1
