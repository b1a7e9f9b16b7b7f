"""What all domain models share."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["JsonValue", "Model", "Record", "canonical_json", "digest", "digest_of"]


class Model(BaseModel):
    """An immutable value. `defer_build` keeps imports cheap: a validator is built at first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Record(Model):
    """A model with an identity that is stored with an optimistic version.

    Committing a record with `version` n succeeds only where n - 1 is stored (1: nothing is stored).
    """

    version: int = 1

    def next(self, **changes: Any) -> Any:
        """A copy with `changes` and the next version, ready to be committed."""
        return self.model_copy(update={**changes, "version": self.version + 1})


def canonical_json(value: JsonValue) -> bytes:
    """The one byte form of a JSON value: sorted keys, no white space, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical form, as hex."""
    return digest_of(canonical_json(value))


def digest_of(canonical: bytes) -> str:
    """The digest of a value that is in its canonical form already."""
    return hashlib.sha256(canonical).hexdigest()
