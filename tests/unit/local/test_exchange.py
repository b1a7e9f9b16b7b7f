from __future__ import annotations

import json
from pathlib import Path

import pytest

from bunsui.core.ports.exchange import Slot
from bunsui.errors import DefinitionInvalid
from bunsui.local.exchange import FileExchange

SLOT = Slot(session_id="20260301-aaaaaa", run_id="taxi", attempt=1, job="clean", item="a/b", operation=1)


async def test_input_is_json_at_the_location(tmp_path: Path) -> None:
    location = await FileExchange(tmp_path).put_input(SLOT, {"month": "2019-03"})
    assert json.loads(Path(location).read_text(encoding="utf-8")) == {"month": "2019-03"}


async def test_output_is_what_was_written_or_none(tmp_path: Path) -> None:
    exchange = FileExchange(tmp_path)
    path = Path(exchange.output_location(SLOT))
    assert await exchange.get_output(SLOT) is None
    await exchange.put_input(SLOT, {})
    path.write_text(" \n", encoding="utf-8")
    assert await exchange.get_output(SLOT) is None
    path.write_text('{"rows": 3}', encoding="utf-8")
    assert await exchange.get_output(SLOT) == {"rows": 3}


async def test_output_that_is_no_json_is_told_with_the_job(tmp_path: Path) -> None:
    exchange = FileExchange(tmp_path)
    await exchange.put_input(SLOT, {})
    Path(exchange.output_location(SLOT)).write_bytes(b"\xff{")
    with pytest.raises(DefinitionInvalid, match="clean"):
        await exchange.get_output(SLOT)
