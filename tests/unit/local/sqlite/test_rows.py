"""From rows to records: what cannot be read is told with the file, what is not there with the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bunsui.core.models.session import KeyClaim
from bunsui.errors import StoreCorrupt
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, missing, optional, parse

CLAIM = KeyClaim(profile="p", key="k", session_id="s")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "bunsui.db")
    yield opened
    opened.close()


def test_a_record_is_what_was_written(database: Database) -> None:
    assert parse(database, KeyClaim, CLAIM.model_dump_json()) == CLAIM


@pytest.mark.parametrize("body", ["", "{", "{}", "null", '{"profile": 1}', None, '{"profile":"p","key":"k"}'])
def test_a_body_that_is_no_record_is_a_damaged_store(database: Database, body: object) -> None:
    with pytest.raises(StoreCorrupt, match=r"bunsui\.db.*a KeyClaim cannot be read") as caught:
        parse(database, KeyClaim, body)
    assert any("Put a copy" in step for step in caught.value.next_steps)


def test_a_query_gives_its_records_or_none(database: Database) -> None:
    sql = "SELECT ? AS body WHERE ?"
    assert many(database, KeyClaim, sql, CLAIM.model_dump_json(), 1) == [CLAIM]
    assert many(database, KeyClaim, sql, "", 0) == []
    assert optional(database, KeyClaim, sql, "", 0) is None


def test_a_name_that_is_not_there_is_told_with_the_nearest_or_the_list() -> None:
    assert missing("session", "2026-a", ["2026-b"]).next_steps == ("Did you mean 2026-b?",)
    assert missing("session", "x", []).next_steps == ("List what there is: bunsui session list",)
    assert missing("run", "x", []).next_steps == ()
