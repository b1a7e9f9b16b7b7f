"""JSON values that records carry, inline or by reference."""

from __future__ import annotations

from bunsui.core.models.base import JsonValue, Model


class Payload(Model):
    """A JSON value: small ones inline, others in the blob store under `blob`.

    `size` is the length in bytes of the canonical JSON, `digest` its SHA-256.
    """

    value: JsonValue = None
    blob: str | None = None
    size: int
    digest: str


class Failure(Model):
    """Why something failed: the error name as Catch sees it, and the cause text, which is data."""

    error: str
    cause: str = ""
