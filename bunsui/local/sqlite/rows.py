"""From rows to records."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import TypeVar, cast

from pydantic import ValidationError

from bunsui.core.models.base import Model
from bunsui.errors import NotFound
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.failures import corrupt

ModelT = TypeVar("ModelT", bound=Model)

_REMEMBERED = 4096
"""Control reads all jobs of an attempt again and again, and most have not changed."""


def parse(database: Database, model: type[ModelT], body: object) -> ModelT:
    """The record in a `body`. Raises StoreCorrupt when it is none.

    Records are frozen: the same text gives the same object as long as it is remembered.
    """
    try:
        return cast("ModelT", _read(model, str(body)))
    except ValidationError as error:
        raise corrupt(
            database.path, f"a {model.__name__} cannot be read ({error.error_count()} errors)"
        ) from error


@lru_cache(maxsize=_REMEMBERED)
def _read(model: type[Model], body: str) -> Model:
    return model.model_validate_json(body)


def many(database: Database, model: type[ModelT], sql: str, *parameters: object) -> list[ModelT]:
    """The records of a query whose first column is `body`."""
    return [parse(database, model, row[0]) for row in database.all(sql, parameters)]


def optional(database: Database, model: type[ModelT], sql: str, *parameters: object) -> ModelT | None:
    """The record of a query whose first column is `body`, None if there is none."""
    row = database.one(sql, parameters)
    return None if row is None else parse(database, model, row[0])


_LISTS = {
    "session": "bunsui session list",
    "pipeline": "bunsui pipeline list",
    "plan": "bunsui approval list",
}


def missing(kind: str, name: str, known: list[str]) -> NotFound:
    """The error for a name that is not there, with the nearest that are."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    steps = [f"Did you mean {other}?" for other in near]
    command = _LISTS.get(kind)
    listed = [f"List what there is: {command}"] if command else []
    return NotFound(f"There is no {kind} {name}", next_steps=steps or listed)
