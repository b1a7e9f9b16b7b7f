"""Versions of the code that jobs run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bunsui.core.models.pipeline import Job


class CodeVersions(Protocol):
    """Says which code a job would run now."""

    async def code_of(self, project: str, job: Job) -> str:
        """Digest of the job's code. Raises NotFound when a handler does not exist.

        Locally the handler module with its project-local imports and the `code:` globs, on AWS the
        digest of the deployed function or image.
        """
        ...
