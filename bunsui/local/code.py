"""Which code a job would run now: the digest of its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bunsui.core.models.pipeline import Job

_KEPT = 1024

Stamp = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size."""


class LocalCode:
    """`CodeVersions` over the files of a project. Files are read again when one has changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[tuple[tuple[Path, Stamp], ...], str]] = {}
        self._texts: dict[int, tuple[Job, str]] = {}

    async def code_of(self, project: str, job: Job) -> str:
        # Lists and views open the backend too, and never ask for code.
        from bunsui.core.pipeline import code_digest, code_files  # noqa: PLC0415

        key = (project, self._text(job))
        files, digest = self._known.get(key, ((), ""))
        # A glob may match files that are new; imports only change with the files that hold them.
        if digest and not job.code and all(_stamp_of(path) == stamp for path, stamp in files):
            return digest
        root = Path(project)
        paths = [root / name for name in code_files(root, job)]
        files = tuple((path, _stamp_of(path)) for path in paths)
        digest = code_digest(root, job)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[key] = (files, digest)
        return digest

    def _text(self, job: Job) -> str:
        """The job as JSON. The same object is asked about for every item of a map."""
        known = self._texts.get(id(job))
        if known is None:
            if len(self._texts) >= _KEPT:
                self._texts.clear()
            known = self._texts[id(job)] = (job, job.model_dump_json())
        return known[1]


def _stamp_of(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return 0, -1
    return status.st_mtime_ns, status.st_size
