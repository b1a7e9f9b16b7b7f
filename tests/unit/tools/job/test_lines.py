"""Lines of logs that may still grow: every byte belongs to one line, and a tail begins at one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.testing.memory import MemoryLogs
from bunsui.tools.job.lines import CHUNK, LINE_CHARACTERS, LONGEST, Line, lines, shown, tail_offset
from tests.properties import FEW

BYTES = st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\xff", "水".encode(), b"x" * 10]), max_size=30)


def logs(data: bytes) -> MemoryLogs:
    kept = MemoryLogs()
    kept.write("k", data)
    return kept


async def read(data: bytes, offset: int = 0, *, ended: bool = True) -> list[Line]:
    return [line async for line in lines(logs(data), "k", offset, ended=ended)]


@FEW
@given(BYTES.map(b"".join))
async def test_reading_on_behind_any_line_gives_the_rest(data: bytes) -> None:
    whole = await read(data)
    assert (whole[-1].end if whole else 0) == len(data)
    for index, line in enumerate(whole):
        assert await read(data, line.end) == whole[index + 1 :]


async def test_an_unfinished_line_waits_for_its_end() -> None:
    assert [line.text for line in await read(b"one\ntw", ended=False)] == ["one"]
    assert [line.text for line in await read(b"one\ntw")] == ["one", "tw"]


async def test_an_endless_line_does_not_hold_up_the_log() -> None:
    found = await read(b"x" * (LONGEST + 5), ended=False)
    assert [line.end for line in found] == [LONGEST]


async def test_a_line_over_the_seam_of_two_reads_stays_whole() -> None:
    data = b"x" * (LONGEST - 1) + b"\n"
    data = data * (CHUNK // LONGEST - 1) + b"x" * (LONGEST - 3) + b"\nseam\nend\n"
    assert [line.text for line in (await read(data))[-2:]] == ["seam", "end"]


@FEW
@given(BYTES.map(b"".join), st.integers(1, 5))
async def test_a_tail_has_the_last_lines_and_no_more(data: bytes, count: int) -> None:
    offset = await tail_offset(logs(data), "k", count)
    assert await read(data, offset) == (await read(data))[-count:]


async def test_a_tail_of_long_lines_looks_further_back_than_one_read() -> None:
    data = b"first\n" + (b"y" * CHUNK + b"\n") * 2
    assert await tail_offset(logs(data), "k", 2) == len(b"first\n")
    assert await tail_offset(logs(data), "k", 3) == 0


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"done\r\n", "done"),
        (b"50%\r100%\n", "50% 100%"),
        (b"\x1b[31mred\x1b[0m\n", "red"),
        (b"password=hunter2\n", "password=***"),
        (b"\xff\n", "\ufffd"),
    ],
)
def test_a_line_is_data_for_people(raw: bytes, text: str) -> None:
    assert shown(raw) == text


def test_a_long_line_is_cut_with_a_mark() -> None:
    assert len(shown(b"x" * 9_999)) == LINE_CHARACTERS
    assert shown(b"x" * 9_999).endswith("…")
