"""What the local backend can say about itself: everything here is tried, not assumed."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bunsui.core.ports.health import Check, Grade
from bunsui.errors import BunsuiError
from bunsui.local.data_dir import DataDir
from bunsui.local.runners.interpreter import project_python
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.client import WorkerClient

_SCARCE = 500 * 2**20
_OLDEST_SQLITE = (3, 37, 0)


class LocalHealth:
    """`Health` of a data directory."""

    def __init__(
        self,
        data: DataDir,
        database: Database,
        worker: WorkerClient,
        environment: Mapping[str, str],
        python: Path | None,
    ) -> None:
        self._data = data
        self._database = database
        self._worker = worker
        self._environment = environment
        self._python = python

    async def checks(self, project: str) -> list[Check]:
        return [
            self._directory(),
            self._space(),
            self._sqlite(),
            await self._worker_check(),
            self._interpreter(Path(project)),
        ]

    def _directory(self) -> Check:
        try:
            self._data.prepare()
            with tempfile.TemporaryFile(dir=self._data.root) as file:
                file.write(b"bunsui")
        except (BunsuiError, OSError) as error:
            fix = "Make it readable and writable for you, or set BUNSUI_DATA_DIR"
            return _failed("data directory", f"{self._data.root}: {error}", fix)
        return _ok("data directory", f"{self._data.root} can be written")

    def _space(self) -> Check:
        try:
            free = shutil.disk_usage(self._data.root).free
        except OSError as error:
            return _failed("disk space", str(error), "Look at the data directory first")
        text = f"{free // 2**20} MiB are free"
        if free >= _SCARCE:
            return _ok("disk space", text)
        return Check(
            name="disk space",
            grade=Grade.WARNING,
            message=text,
            fix="Free some space, or set BUNSUI_DATA_DIR to another disk",
        )

    def _sqlite(self) -> Check:
        version = sqlite3.sqlite_version
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            return _failed(
                "database", f"SQLite {version} is too old", "Use a Python with SQLite 3.37 or newer"
            )
        try:
            found = self._database.one("PRAGMA quick_check(1)")
        except BunsuiError as error:
            return _failed("database", error.message, " ".join(error.next_steps[:1]))
        if found != ("ok",):
            return _failed("database", f"damaged: {found and found[0]}", "Restore it from a backup")
        return _ok("database", f"SQLite {version}, {self._data.database} is sound")

    async def _worker_check(self) -> Check:
        found = self._worker.ask("hello")
        if found is None:
            try:
                found = await self._worker.ensure()
            except BunsuiError as error:
                return _failed("worker", error.message, f"Read {self._data.worker_log}")
        return _ok(
            "worker", f"process {found.pid} of bunsui {found.version} answers, {found.running} running"
        )

    def _interpreter(self, project: Path) -> Check:
        python = project_python(project, self._python)
        own = ".".join(str(part) for part in sys.version_info[:3])
        if not project.is_dir():
            return _failed("python", f"there is no folder {project}", "Name the folder of the pipelines")
        if not Path(python).exists():
            return _failed(
                "python", f"{python} does not exist", "Correct the setting `python`, or make a .venv"
            )
        return _ok("python", f"bunsui runs on {own}, handlers of {project} on {python}")


def _ok(name: str, message: str) -> Check:
    return Check(name=name, grade=Grade.OK, message=message)


def _failed(name: str, message: str, fix: str) -> Check:
    return Check(name=name, grade=Grade.FAILED, message=message, fix=fix)
