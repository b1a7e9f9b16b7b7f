from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.job import Try
from bunsui.errors import NotFound
from bunsui.local.logs import FileLogs, log_key


def place(item: str = "", number: int = 1) -> Try:
    return Try(
        session_id="20260301-aaaaaa",
        run_id="taxi@2019-03",
        attempt=2,
        job="clean",
        item=item,
        operation=1,
        number=number,
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
        log="",
    )


async def test_a_log_is_read_by_offset_while_it_grows(tmp_path: Path) -> None:
    logs = FileLogs(tmp_path)
    path = logs.path("a/b.log")
    path.parent.mkdir()
    path.write_bytes(b"one\n")
    first = await logs.read("a/b.log")
    assert (first.data, first.offset, first.end) == (b"one\n", 0, 4)
    path.write_bytes(b"one\ntwo\n")
    assert (await logs.read("a/b.log", offset=first.end)).data == b"two\n"
    assert (await logs.read("a/b.log", offset=-3)).data == b"wo\n"
    assert (await logs.read("a/b.log", offset=100)).data == b""
    assert (await logs.read("a/b.log", offset=-100, limit=2)).data == b"on"


async def test_an_absent_log_is_empty(tmp_path: Path) -> None:
    chunk = await FileLogs(tmp_path).read("nothing.log")
    assert (chunk.data, chunk.end) == (b"", 0)


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x"])
async def test_a_key_never_leaves_the_directory(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        await FileLogs(tmp_path).read(key)


@given(item=st.text(min_size=1, max_size=300))
def test_every_item_key_gives_a_path_inside(item: str) -> None:
    root = Path("/logs")
    path = FileLogs(root).path(log_key(place(item)))
    assert path.relative_to(root).parts[:4] == ("20260301-aaaaaa", "taxi@2019-03", "2", "clean")
    assert len(path.relative_to(root).parts) == 6
    assert len(path.parts[-2].encode()) <= 255


@given(one=st.text(max_size=200), other=st.text(max_size=200))
def test_different_items_have_different_logs(one: str, other: str) -> None:
    assert (log_key(place(one)) == log_key(place(other))) == (one == other or {one, other} == {"", "-"})
