"""From rows to records."""

from __future__ import annotations

import difflib
from typing import TypeVar

from pydantic import ValidationError

from bunsui.core.models.base import Model
from bunsui.errors import NotFound
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.failures import corrupt

ModelT = TypeVar("ModelT", bound=Model)


def parse(database: Database, model: type[ModelT], body: object) -> ModelT:
    """The record in a `body`. Raises StoreCorrupt when it is none."""
    try:
        return model.model_validate_json(str(body))
    except ValidationError as error:
        raise corrupt(
            database.path, f"a {model.__name__} cannot be read ({error.error_count()} errors)"
        ) from error


def many(database: Database, model: type[ModelT], sql: str, *parameters: object) -> list[ModelT]:
    """The records of a query whose first column is `body`."""
    return [parse(database, model, row[0]) for row in database.all(sql, parameters)]


def optional(database: Database, model: type[ModelT], sql: str, *parameters: object) -> ModelT | None:
    """The record of a query whose first column is `body`, None if there is none."""
    row = database.one(sql, parameters)
    return None if row is None else parse(database, model, row[0])


def missing(kind: str, name: str, known: list[str]) -> NotFound:
    """The error for a name that is not there, with the nearest that are."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    steps = [f"Did you mean {other}?" for other in near]
    return NotFound(f"There is no {kind} {name}", next_steps=steps or [f"List the {kind}s that there are"])
