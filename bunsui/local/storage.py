"""What lies around in a data directory, and how it is cleared."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bunsui.core.ports.clock import Clock
from bunsui.core.ports.storage import Leftovers
from bunsui.local.data_dir import DataDir, unusable
from bunsui.local.files import segment
from bunsui.local.sqlite.database import Database

GRACE_SECONDS = 3600.0
"""What was written within this time may be waiting for the record that names it."""

_HASH = re.compile(r"[0-9a-f]{64}")
_TRASH = "trash"
_BODIES = (
    "SELECT session_id, body FROM job_runs",
    "SELECT session_id, body FROM runs",
    "SELECT session_id, body FROM attempts",
)


@dataclass(frozen=True, slots=True)
class _Thing:
    """A file or a folder that nothing refers to."""

    kind: str
    path: Path
    bytes: int


class LocalStorage:
    """`Storage` of a data directory. It may be used while the worker works.

    Files are always listed before the records are read: what was recorded in between is then known.
    """

    def __init__(
        self, data: DataDir, database: Database, clock: Clock, *, grace: float = GRACE_SECONDS
    ) -> None:
        self._data = data
        self._database = database
        self._clock = clock
        self._grace = grace

    async def survey(self, gone: Collection[str] = ()) -> list[Leftovers]:
        return _counted(list(self._things(frozenset(gone))))

    async def sweep(self) -> list[Leftovers]:
        cleared = [thing for thing in self._things(frozenset()) if self._clear(thing)]
        with self._database.write() as connection:
            connection.execute("DELETE FROM machines WHERE digest NOT IN (SELECT machine FROM executions)")
        return _counted(cleared)

    def _things(self, gone: frozenset[str]) -> Iterator[_Thing]:
        yield from self._folders("logs", self._data.logs, gone)
        yield from self._folders("exchange", self._data.exchange, gone)
        yield from self._spool(gone)
        yield from self._blobs(gone)

    def _folders(self, kind: str, root: Path, gone: frozenset[str]) -> Iterator[_Thing]:
        """Folders of sessions that are not there."""
        found = _listed(root)
        kept = {segment(name) for name in self._sessions() if name not in gone}
        return (_Thing(kind, path, _size(path)) for path in found if path.name not in kept)

    def _sessions(self) -> Iterator[str]:
        return (str(row[0]) for row in self._database.all("SELECT id FROM sessions"))

    def _spool(self, gone: frozenset[str]) -> Iterator[_Thing]:
        """What runners left behind of calls that are over."""
        found = [path for path in _listed(self._data.spool) if self._old(path, self._now() - self._grace)]
        rows = self._database.all("SELECT execution, task, json_extract(body, '$.spool') FROM calls")
        owners = {Path(str(row[2])).name for row in rows}
        owners |= {f"{row[0]}-{str(row[1]).replace('/', '-')}" for row in rows}
        return (
            _Thing("spool", path, _size(path)) for path in found if path.name.partition(".")[0] not in owners
        )

    def _blobs(self, gone: frozenset[str]) -> Iterator[_Thing]:
        horizon = self._horizon()
        folders = [path for path in _listed(self._data.blobs) if path.name != _TRASH]
        found = {
            folder.name + path.name: path
            for folder in folders
            for path in _listed(folder)
            if _HASH.fullmatch(folder.name + path.name) and self._old(path, horizon)
        }
        named = self._named(found.keys(), gone) if found else set()
        return (_Thing("blobs", path, _size(path)) for key, path in found.items() if key not in named)

    def _horizon(self) -> float:
        """What an open execution may have put away since it began counts as referred to."""
        row = self._database.one("SELECT min(created_at) FROM executions WHERE closed = 0")
        begun = float(str(row[0])) / 1_000_000 if row and row[0] is not None else self._now()
        return min(begun, self._now()) - self._grace

    def _named(self, keys: Collection[str], gone: frozenset[str]) -> set[str]:
        """Those of the keys that any record of a session that stays mentions, wherever it does."""
        named: set[str] = set()
        for query in _BODIES:
            for session_id, body in self._database.connection.execute(query):
                if session_id not in gone:
                    named.update(key for key in _HASH.findall(body) if key in keys)
        return named

    def _clear(self, thing: _Thing) -> bool:
        clear: Callable[[Path], bool] = self._clear_blob if thing.kind == "blobs" else _removed
        try:
            return clear(thing.path)
        except FileNotFoundError:
            return False  # somebody else was first
        except OSError as error:
            raise unusable(thing.path, error) from error

    def _clear_blob(self, path: Path) -> bool:
        """Move it away first: who has just put it again has made it new, and gets it back."""
        trash = self._data.blobs / _TRASH / (path.parent.name + path.name)
        trash.parent.mkdir(mode=0o700, exist_ok=True)
        path.replace(trash)
        if not self._old(trash, self._horizon()):
            trash.replace(path)
            return False
        trash.unlink()
        return True

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @staticmethod
    def _old(path: Path, horizon: float) -> bool:
        try:
            return path.stat().st_mtime < horizon
        except OSError:
            return False


def _removed(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return True


def _listed(root: Path) -> list[Path]:
    try:
        return sorted(root.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(root, error) from error


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    return sum((Path(folder) / name).lstat().st_size for folder, _, names in os.walk(path) for name in names)


def _counted(things: list[_Thing]) -> list[Leftovers]:
    kinds = dict.fromkeys(thing.kind for thing in things)
    return [
        Leftovers(
            kind=kind,
            count=sum(thing.kind == kind for thing in things),
            bytes=sum(thing.bytes for thing in things if thing.kind == kind),
        )
        for kind in kinds
    ]
