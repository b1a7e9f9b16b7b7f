"""Fields that many tools share, and how a field looks on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field


@dataclass(frozen=True, slots=True)
class Flag:
    """Marks a field for the command line: the option's name without dashes, where it is another one.

    Without a mark a field is the option of its own name (`allow_duplicate`: `--allow-duplicate`); a
    boolean with the default True is `--no-<name>`; lists and K=V fields may be repeated.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Positional:
    """Marks a field as an argument without an option, in the order of the fields; a list takes the rest."""

    metavar: str


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text)]
"""Text; numbers and booleans are taken as their text, because a model may send them."""

KeyValues = dict[str, Text]
"""Given as `K=V`, repeatedly, on the command line."""

SessionId = Annotated[str, Field(description="Id of the session.", max_length=80), Positional("SESSION")]
JobRef = Annotated[
    str,
    Field(description="The job, as JOB, or RUN/JOB where the session has several runs.", max_length=400),
    Positional("[RUN/]JOB"),
]
AttemptNumber = Annotated[
    int | None, Field(description="Number of the attempt; default the newest.", ge=1, le=1_000_000)
]
Limit = Annotated[int, Field(description="Most items to return.", ge=1, le=500)]
Cursor = Annotated[str | None, Field(description="The cursor that the page before gave.", max_length=2_000)]
Tags = Annotated[KeyValues, Field(description="Tags, all of them required."), Flag("tag")]
