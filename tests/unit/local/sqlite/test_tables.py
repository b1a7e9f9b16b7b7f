"""Records in tables: times are exact, versions are checked, and who lost a race hears what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import Record
from bunsui.core.models.status import JobStatus
from bunsui.errors import Conflict, InternalError
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.tables import TABLES, delete, micros, put, session_terms
from tests.properties import FEW
from tests.unit.core.records import attempt, job, pool, run, session


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "bunsui.db")
    yield opened
    opened.close()


EARLY, LATE = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - Hypothesis adds the zone
ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@FEW
@given(st.datetimes(EARLY, LATE, timezones=ZONES))
def test_no_microsecond_is_lost_whatever_the_zone(at: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros(at)) == at


RECORDS = [session(), run(), attempt(), job(), job(item="k", index=3), pool()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_stored_once_changed_in_order_and_removed(database: Database, record: Record) -> None:
    with database.write() as connection:
        put(connection, record)
        put(connection, record.next())
    with database.write() as connection, pytest.raises(Conflict, match="version 2 is stored where 1"):
        put(connection, record.next())
    with database.write() as connection, pytest.raises(Conflict, match="version 2 is stored where 1"):
        delete(connection, record)
    with database.write() as connection:
        delete(connection, record.next())
    table = TABLES[type(record)].name
    assert database.one(f"SELECT count(*) FROM {table}") == (0,)


def test_a_second_first_version_is_refused_with_what_is_stored(database: Database) -> None:
    with database.write() as connection:
        put(connection, run("r"))
    with database.write() as connection, pytest.raises(Conflict) as caught:
        put(connection, run("r"))
    assert caught.value.details == {"kind": "Run", "record": "s r", "stored": 1, "expected": 0}


def test_a_change_of_what_was_never_stored_is_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(Conflict, match="version 0 is stored where 4"):
        put(connection, run(version=5))


def test_a_kind_of_record_without_a_table_is_a_bug_of_ours(database: Database) -> None:
    with database.write() as connection, pytest.raises(InternalError, match="kind Record"):
        put(connection, Record())


def test_terms_follow_the_session(database: Database) -> None:
    first = session(tags={"team": "red"}, pipelines=("load",))
    with database.write() as connection:
        put(connection, first)
        put(connection, first.next(tags={"team": "blue"}))
    found = database.all("SELECT term FROM session_terms ORDER BY term")
    assert found == [("pipeline:load",), ("tag:team=blue",)]


def test_only_a_result_that_succeeded_can_be_found_by_its_cache_key(database: Database) -> None:
    with database.write() as connection:
        put(connection, job("bad", JobStatus.FAILED, cache_key="k"))
        put(connection, job("good", JobStatus.SUCCEEDED, cache_key="k"))
    assert database.all("SELECT job FROM job_runs WHERE cache_key = 'k'") == [("good",)]


@FEW
@given(st.dictionaries(st.text("ab=:", min_size=1, max_size=3), st.text("ab=:", max_size=3), max_size=3))
def test_a_session_has_a_term_for_each_pipeline_and_tag(tags: dict[str, str]) -> None:
    terms = session_terms(("a", "b"), tags)
    assert len(terms) == 2 + len(tags)
    assert terms[:2] == ["pipeline:a", "pipeline:b"]


def test_removing_a_session_removes_all_that_is_its_and_nothing_else(database: Database) -> None:
    mine = [session(), run(), attempt(), job(), job(item="k")]
    theirs = [session("t"), run(session_id="t"), job(session_id="t")]
    with database.write() as connection:
        for record in [*mine, *theirs]:
            put(connection, record)
        delete(connection, mine[0])
    for table in ("runs", "attempts", "job_runs"):
        assert database.one(f"SELECT count(*) FROM {table} WHERE session_id = 's'") == (0,)
    assert database.one("SELECT count(*) FROM job_runs") == (1,)
