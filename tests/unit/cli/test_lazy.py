"""Command groups that load a command when it is used: a list imports nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.cli.lazy import LazyGroup, Row, leaf


def group() -> tuple[LazyGroup, list[str]]:
    loaded: list[str] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return leaf(name, lambda: print(f"{name} ran"), help=f"Do {name}.")

    rows = {
        "one": Row("Do one.", lambda: load("one")),
        "two": Row("Do two.", lambda: load("two"), section="Others"),
    }
    return LazyGroup("bunsui", rows, help="All commands."), loaded


def invoke(command: Any, *words: str) -> Any:
    from click.testing import CliRunner as Runner

    return Runner().invoke(command, list(words))


def test_a_list_names_every_command_in_its_section_and_loads_none() -> None:
    made, loaded = group()
    shown = invoke(made, "--help").output
    assert shown.index("Commands:") < shown.index("Do one.") < shown.index("Others:") < shown.index("Do two.")
    assert loaded == []


def test_a_command_loads_itself_alone() -> None:
    made, loaded = group()
    assert invoke(made, "two").output == "two ran\n"
    assert set(loaded) == {"two"}


@pytest.mark.parametrize("words", [("three",), ("one", "--unknown")])
def test_what_is_unknown_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert invoke(group()[0], *words).exit_code == 2


def test_short_help_is_help() -> None:
    made, _ = group()
    assert invoke(made, "-h").output == invoke(made, "--help").output
    assert invoke(made, "one", "-h").exit_code == 0
