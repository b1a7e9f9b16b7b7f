"""Objects of distributed maps: files below a folder, as `BUCKET/KEY`."""

from __future__ import annotations

from pathlib import Path

from bunsui.asl import (
    ItemsRead,
    ItemsUnreadable,
    ReadItems,
    ResultsUnwritable,
    ResultsWritten,
    Signal,
    WriteResults,
)
from bunsui.core.models.base import JsonValue


class Storage:
    """Reads and writes objects; without a folder everything is refused, and the cause says what to set."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, effect: ReadItems, now: float) -> Signal:
        """The items of a map."""
        if self._folder is None:
            return ItemsUnreadable(now, effect.read_id, _UNSET)
        bucket = str(effect.parameters.get("Bucket", ""))
        if effect.resource.endswith(":listObjectsV2"):
            items = self._listed(self._folder, bucket, str(effect.parameters.get("Prefix", "")))
            return ItemsRead(now, effect.read_id, items=items)
        path = self._path(self._folder, bucket, str(effect.parameters.get("Key", "")))
        if path is None or not path.is_file():
            return ItemsUnreadable(now, effect.read_id, "The specified key does not exist.")
        try:
            return ItemsRead(now, effect.read_id, body=path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            return ItemsUnreadable(now, effect.read_id, str(error))

    def write(self, effect: WriteResults, now: float) -> Signal:
        """Write the results of a map."""
        if self._folder is None:
            return ResultsUnwritable(now, effect.write_id, _UNSET)
        try:
            for key, text in effect.files.items():
                path = self._path(self._folder, effect.bucket, key)
                if path is None:
                    return ResultsUnwritable(now, effect.write_id, f"The key {key} leads out of the bucket")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            return ResultsUnwritable(now, effect.write_id, str(error))
        return ResultsWritten(now, effect.write_id)

    @staticmethod
    def _path(folder: Path, bucket: str, key: str) -> Path | None:
        root = (folder / bucket).resolve()
        path = (root / key).resolve()
        inside = root.parent == folder.resolve() and path.is_relative_to(root)
        return path if inside else None

    def _listed(self, folder: Path, bucket: str, prefix: str) -> list[JsonValue]:
        root = folder / bucket
        if self._path(folder, bucket, "x") is None or not root.is_dir():
            return []
        files = sorted(path for path in root.rglob("*") if path.is_file())
        keys = ((path.relative_to(root).as_posix(), path.stat().st_size) for path in files)
        return [{"Key": key, "Size": size} for key, size in keys if key.startswith(prefix)]


_UNSET = "No folder of objects is set: name one with --objects FOLDER, which holds files as BUCKET/KEY"
