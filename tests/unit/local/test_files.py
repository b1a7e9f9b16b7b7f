"""Files: the old content or the new, and a name for any text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import StoreError
from bunsui.local.files import segment, write_durably
from tests.properties import FEW


@pytest.mark.parametrize("data", [b"", b"x" * 100_000])
def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "deep" / "file"
    write_durably(path, b"old")
    write_durably(path, data)
    assert path.read_bytes() == data
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_durably(path, b"x")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_where_it_cannot_be_written_the_old_stays_and_no_scratch_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("")
    with pytest.raises(StoreError, match="taken"):
        write_durably(tmp_path / "taken", b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


@FEW
@given(st.text(min_size=1))
def test_any_text_is_one_name_in_its_folder(text: str) -> None:
    name = segment(text)
    assert name not in {"", ".", ".."}
    assert "/" not in name
    assert "\x00" not in name
    assert not name.startswith(".")
    assert len(os.fsencode(name)) <= 255


@FEW
@given(st.lists(st.text("aA./%~ é", max_size=60), unique=True, max_size=8))
def test_two_texts_never_share_a_name(texts: list[str]) -> None:
    assert len({segment(text) for text in texts}) == len(texts)


def test_what_is_plain_stays_readable() -> None:
    assert segment("taxi-month@2019-03") == "taxi-month@2019-03"
    assert segment("x" * 500).startswith("x" * 80 + "~")
