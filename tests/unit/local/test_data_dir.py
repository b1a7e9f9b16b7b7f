from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from bunsui.errors import StoreError, StoreFull
from bunsui.local.data_dir import DataDir, make_private, unusable


def test_the_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "deep" / "data")
    data.prepare()
    assert stat.S_IMODE(data.root.stat().st_mode) == 0o700


def test_a_file_in_its_place_is_one_clear_error(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("not a directory", encoding="utf-8")
    with pytest.raises(StoreError) as raised:
        make_private(place)
    assert str(place) in raised.value.message
    assert any("BUNSUI_DATA_DIR" in step for step in raised.value.next_steps)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_space_is_told_apart(number: int) -> None:
    assert isinstance(unusable(Path("x"), OSError(number, os.strerror(number))), StoreFull)


def test_the_socket_is_in_the_directory_where_its_path_fits(tmp_path: Path) -> None:
    assert DataDir(Path("/srv/data")).socket == Path("/srv/data/worker.sock")
    long = DataDir(tmp_path / ("x" * 120)).socket
    assert len(os.fsencode(long)) <= 103
    assert long != DataDir(tmp_path / ("y" * 120)).socket
