"""Spool files: exactly the result of this call, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.local.runners.spool import read_record
from tests.properties import FEW


def written(body: bytes | None, **more: Any) -> bytes:
    length = None if body is None else len(body)
    meta = {"version": 1, "id": "c1", "length": length, "crc32": crc32(body or b""), **more}
    return json.dumps(meta).encode() + b"\n" + (body or b"")


@pytest.mark.parametrize("body", [b"", b"{}", b"a\nb\n", b"\xff" * 1_000, None])
def test_what_a_runner_wrote_is_read(tmp_path: Path, body: bytes | None) -> None:
    (tmp_path / "s").write_bytes(written(body))
    record = read_record(tmp_path / "s", "c1")
    assert record is not None
    assert record.body == body


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(written(b"x", id="c2"), id="another call's"),
        pytest.param(written(b"x", version=2), id="another version"),
        pytest.param(written(b"x", length=2), id="shorter than it says"),
        pytest.param(written(b"xyz")[:-1] + b"?", id="the end of another result"),
        pytest.param(written(None) + b"x", id="bytes where none should be"),
        pytest.param(b"[]\n", id="no object"),
        pytest.param(b"\xff\n", id="no text"),
    ],
)
def test_anything_else_is_no_result(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s").write_bytes(data)
    assert read_record(tmp_path / "s", "c1") is None


def test_no_file_is_no_result(tmp_path: Path) -> None:
    assert read_record(tmp_path / "no", "c1") is None
    assert read_record(tmp_path, "c1") is None


@FEW
@given(st.binary(max_size=50), st.integers(0, 200))
def test_a_torn_result_is_never_taken(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, cut: int
) -> None:
    whole = written(body)
    path = tmp_path_factory.getbasetemp() / "torn"
    path.write_bytes(whole[:cut])
    record = read_record(path, "c1")
    assert (record is not None) is (cut >= len(whole))


@FEW
@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 200))
def test_one_result_over_another_is_the_new_one_or_none(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes, done: int
) -> None:
    before, after = written(old, id="c0"), written(new)
    path = tmp_path_factory.getbasetemp() / "over"
    path.write_bytes(after[:done] + before[done:] if done < len(after) else after)
    record = read_record(path, "c1")
    assert record is None or record.body == new
