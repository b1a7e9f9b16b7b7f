from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.ports.exchange import Slot
from bunsui.errors import NotFound
from bunsui.local.logs import FileLogs, log_key


def key(item: str = "", number: int = 1) -> str:
    place = Slot(
        session_id="20260301-aaaaaa",
        run_id="taxi@2019-03",
        attempt=2,
        job="clean",
        item=item,
        operation=1,
    )
    return log_key(place, number)


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


def test_a_log_that_is_about_to_be_written_has_its_folder_also_after_that_was_removed(tmp_path: Path) -> None:
    logs = FileLogs(tmp_path)
    for number in (1, 2, 1):
        path = logs.place(key(number=number))
        assert path == logs.path(key(number=number))
        path.write_bytes(b"")
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.unlink()
        path.parent.rmdir()


@pytest.mark.parametrize("key", ["/etc/passwd", "../x", "a/../../x"])
def test_a_log_is_never_written_outside(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        FileLogs(tmp_path / "logs").place(key)


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
    path = FileLogs(root).path(key(item))
    assert path.relative_to(root).parts[:4] == ("20260301-aaaaaa", "taxi@2019-03", "2", "clean")
    assert len(path.relative_to(root).parts) == 7
    assert len(path.name.encode()) <= 255


@given(one=st.text(max_size=200), other=st.text(max_size=200))
def test_different_items_have_different_logs(one: str, other: str) -> None:
    assert (key(one) == key(other)) == (one == other)


@given(one=st.text(max_size=200), first=st.integers(1, 99), second=st.integers(1, 99))
def test_every_try_has_a_log_of_its_own(one: str, first: int, second: int) -> None:
    assert (key(one, first) == key(one, second)) == (first == second)
