"""Options that every command takes, wherever they stand on the line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from bunsui.errors import UsageError

_VALUED = {"--profile": "profile", "--config": "config", "--data-dir": "data_dir", "--color": "color"}
_SWITCHES = {"--debug": "debug", "--quiet": "quiet", "-q": "quiet"}
_COLORS = ("auto", "always", "never")


@dataclass(slots=True)
class Globals:
    """What was given: settings as flags for `load_settings`, and how to talk."""

    flags: dict[str, str] = field(default_factory=dict)
    color: str = "auto"
    debug: bool = False
    quiet: bool = False

    @property
    def colored(self) -> bool:
        """Whether standard output may carry colour (NO_COLOR and FORCE_COLOR as their specifications say)."""
        environment = os.environ  # noqa: TID251  # terminal conventions, no setting of ours
        if self.color != "auto":
            return self.color == "always"
        if environment.get("NO_COLOR"):
            return False
        return bool(environment.get("FORCE_COLOR")) or sys.stdout.isatty()


def split(arguments: Sequence[str]) -> tuple[Globals, list[str]]:
    """Take the global options out of a command line. What follows `--` is left alone.

    Raises UsageError when a value is missing or is none of the allowed ones.
    """
    found = Globals()
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest.extend((word, *words))
            break
        name, equals, value = word.partition("=")
        if name in _VALUED:
            _set(found, _VALUED[name], value if equals else _value_of(name, next(words, None)))
        elif word in _SWITCHES:
            setattr(found, _SWITCHES[word], True)
        else:
            rest.append(word)
    return found, rest


def _value_of(option: str, value: str | None) -> str:
    if value is None or value == "--":
        raise UsageError(f"option {option} needs a value")
    return value


def _set(found: Globals, name: str, value: str) -> None:
    if name != "color":
        found.flags[name] = value
    elif value in _COLORS:
        found.color = value
    else:
        raise UsageError(f"option --color: must be one of {', '.join(_COLORS)}, not '{value}'")
