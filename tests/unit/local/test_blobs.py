from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import NotFound, StoreCorrupt, StoreFull
from bunsui.local.blobs import FileBlobs


@given(data=st.binary(max_size=2000))
async def test_what_was_put_is_got(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    blobs = FileBlobs(tmp_path_factory.getbasetemp() / "blobs")
    key = await blobs.put(data)
    assert await blobs.get(key) == data
    assert await blobs.put(data) == key
    assert await blobs.has(key)


async def test_a_damaged_blob_is_told(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    key = await blobs.put(b"value")
    (tmp_path / key[:2] / key[2:]).write_bytes(b"other")
    with pytest.raises(StoreCorrupt):
        await blobs.get(key)
    assert not await blobs.has(key)
    assert await blobs.put(b"value") == key
    assert await blobs.get(key) == b"value"


async def test_a_damaged_blob_that_nobody_read_is_mended_by_putting_it_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    key = await blobs.put(b"value")
    (tmp_path / key[:2] / key[2:]).write_bytes(b"other")
    assert await blobs.put(b"value") == key
    assert await blobs.get(key) == b"value"


@pytest.mark.parametrize("key", ["0" * 64, "", "../../etc/passwd", "a/../b", "A" * 64])
async def test_what_is_no_key_or_absent_is_not_found(tmp_path: Path, key: str) -> None:
    blobs = FileBlobs(tmp_path)
    assert not await blobs.has(key)
    with pytest.raises(NotFound):
        await blobs.get(key)


async def test_a_full_disk_leaves_no_half_written_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bunsui.local.files.os.fsync", refuse)
    with pytest.raises(StoreFull):
        await FileBlobs(tmp_path).put(b"value")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
