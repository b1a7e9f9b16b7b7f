"""Records in memory: versions are checked before anything changes, as in the real store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import Record
from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Run, Session
from bunsui.core.ports.store import Transaction
from bunsui.errors import Conflict
from bunsui.local.sqlite.tables import TABLES
from bunsui.testing.records import Records, identity
from tests.properties import FEW
from tests.unit.core.records import job, run, session


def kept(*records: Record) -> Records:
    store = Records()
    store.apply(Transaction(put=records))
    return store


def test_identities_are_those_of_the_real_store() -> None:
    for record in (session(), run(), job(item="k")):
        assert identity(record) == TABLES[type(record)].identity(record)


def test_a_record_is_found_by_its_identity_and_kind() -> None:
    store = kept(session("s"), run("r"))
    assert store.get(Session, "s") == session("s")
    assert store.get(Run, "s", "r") == run("r")
    assert store.get(Run, "s", "no") is None


@pytest.mark.parametrize("version", [0, 1, 3, 7])
def test_only_the_next_version_is_taken(version: int) -> None:
    store = kept(run())
    with pytest.raises(Conflict, match="at version 1, not at") as caught:
        store.apply(Transaction(put=[run(version=version)]))
    assert caught.value.details == {"record": "Run s/r", "expected": version - 1, "found": 1}
    store.apply(Transaction(put=[run(version=2)]))


def test_one_conflict_refuses_the_whole_transaction() -> None:
    store = kept(run("a"))
    with pytest.raises(Conflict):
        store.apply(Transaction(put=[run("b"), run("a")], delete=[run("a")]))
    assert [one.id for one in store.all(Run)] == ["a"]


def test_a_session_takes_all_that_is_its_along() -> None:
    store = kept(session("s"), run("r"), job("a"), session("t"), job("a", session_id="t"))
    store.apply(Transaction(delete=[session("s")]))
    assert [one.id for one in store.all(Session)] == ["t"]
    assert list(store.all(Run)) == []
    assert [one.session_id for one in store.all(JobRun)] == ["t"]


@FEW
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4)), max_size=12))
def test_versions_grow_by_one_and_never_go_back(writes: list[tuple[str, int]]) -> None:
    store, known = Records(), dict[str, int]()
    for name, version in writes:
        if version == known.get(name, 0) + 1:
            store.apply(Transaction(put=[run(name, version=version)]))
            known[name] = version
        else:
            with pytest.raises(Conflict):
                store.apply(Transaction(put=[run(name, version=version)]))
    assert {one.id: one.version for one in store.all(Run)} == known
