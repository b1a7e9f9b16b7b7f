"""The files behind `BUNSUI_INPUT`, `BUNSUI_OUTPUT` and `BUNSUI_CHECKPOINTS`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import orjson

from bunsui.core.json_text import InexactJson, read_result
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.ports.exchange import Slot
from bunsui.errors import DefinitionInvalid
from bunsui.local.data_dir import unusable
from bunsui.local.files import segment, write_durably

_CHECKPOINTS = ".checkpoints"  # no `segment` begins with a dot


class FileExchange:
    """`Exchange` in a directory: one folder per operation of a job or item in an attempt.

    Progress outlives attempts: it lies beside them, in `.checkpoints` of the session.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put_input(self, slot: Slot, value: JsonValue) -> str:
        path = self._folder(slot) / "input.json"
        write_durably(path, canonical_json(value))
        return str(path)

    def output_location(self, slot: Slot) -> str:
        return str(self._folder(slot) / "output.json")

    async def get_output(self, slot: Slot) -> JsonValue:
        path = self._folder(slot) / "output.json"
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(path, error) from error
        return _parse(text, slot) if text.strip() else None

    def checkpoints(self, session_id: str, key: str) -> str:
        return f"{self._root}/{segment(session_id)}/{_CHECKPOINTS}/{segment(key)}"

    async def forget_checkpoints(self, session_id: str, key: str) -> None:
        folder = self.checkpoints(session_id, key)
        if os.path.lexists(folder):
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, slot: Slot) -> Path:
        parts = (slot.session_id, slot.run_id, str(slot.attempt), slot.job, slot.item or "-")
        return self._root.joinpath(*map(segment, parts), str(slot.operation))


def _parse(text: bytes, slot: Slot) -> JsonValue:
    try:
        return read_result(text)
    except InexactJson as error:
        raise DefinitionInvalid(
            f"What job {slot.job} wrote to BUNSUI_OUTPUT cannot be recorded: {error}",
            next_steps=["Write such a number as text"],
        ) from error
    except orjson.JSONDecodeError as error:
        raise DefinitionInvalid(
            f"What job {slot.job} wrote to BUNSUI_OUTPUT is no JSON: {error}",
            next_steps=["Write one JSON document (UTF-8) to the file named by BUNSUI_OUTPUT"],
        ) from error
