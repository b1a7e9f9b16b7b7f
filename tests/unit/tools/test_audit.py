"""The trail and its chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bunsui.core.models.audit import GENESIS, AuditEntry, sealed
from bunsui.tools.audit import AuditList, AuditVerified
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from tests.unit.tools.helpers import COUNTER, MODEL, PERSON, counting

Edit = Callable[[list[AuditEntry]], list[AuditEntry]]


class Stored:
    """A trail that somebody edited behind our back."""

    def __init__(self, entries: list[AuditEntry]) -> None:
        self._entries = entries

    async def append(self, entry: AuditEntry) -> AuditEntry:
        raise NotImplementedError

    async def entries(
        self, *, after: int = 0, limit: int = 100, subject: str | None = None, tool: str | None = None
    ) -> list[AuditEntry]:
        return [entry for entry in self._entries if entry.seq > after][:limit]


async def lived() -> Runtime:
    runtime = await counting()
    for by in range(1, 5):
        await invoke(runtime, "counter_write", {"by": by}, PERSON)
    return runtime


async def verified(runtime: Runtime) -> AuditVerified:
    output = (await invoke(runtime, "audit_verify", {}, MODEL)).output
    assert isinstance(output, AuditVerified)
    return output


async def listed(runtime: Runtime, **given: str | int) -> AuditList:
    output = (await invoke(runtime, "audit_list", given, MODEL)).output
    assert isinstance(output, AuditList)
    return output


async def test_an_unbroken_chain() -> None:
    runtime = await lived()
    found = await verified(runtime)
    assert (found.valid, found.entries, found.broken) == (True, 12, None)
    assert found.head == (await listed(runtime)).entries[-1].hash


def changed(entries: list[AuditEntry]) -> list[AuditEntry]:
    entries[4] = entries[4].model_copy(update={"actor": "nobody"})
    return entries


def removed(entries: list[AuditEntry]) -> list[AuditEntry]:
    return entries[:4] + entries[5:]


def resealed(entries: list[AuditEntry]) -> list[AuditEntry]:
    forged = entries[4].model_copy(update={"actor": "nobody"})
    entries[4] = sealed(forged, seq=forged.seq, previous=forged.previous)
    return entries


def without_the_first(entries: list[AuditEntry]) -> list[AuditEntry]:
    return entries[1:]


@pytest.mark.parametrize(
    "edit, seq, problem",
    [
        (changed, 5, "changed after"),
        (removed, 5, "is missing"),
        (resealed, 6, "does not name"),
        (without_the_first, 1, "is missing"),
    ],
)
async def test_the_first_broken_link_is_named(edit: Edit, seq: int, problem: str) -> None:
    runtime = await lived()
    entries = await runtime.ports.store.audit.entries(limit=100)
    runtime.ports.store.audit = Stored(edit(list(entries)))
    found = await verified(runtime)
    assert not found.valid
    assert found.broken is not None
    assert (found.broken.seq, found.entries) == (seq, seq - 1)
    assert problem in found.broken.problem


async def test_pages_visit_every_entry_once() -> None:
    runtime = await lived()
    seen: list[int] = []
    page = await listed(runtime, limit=5)
    while True:
        seen += [entry.seq for entry in page.entries]
        assert page.complete is (page.cursor is None)
        if page.cursor is None:
            break
        page = await listed(runtime, limit=5, cursor=page.cursor)
    assert seen == list(range(1, 13))


async def test_a_tail_has_the_newest() -> None:
    runtime = await lived()
    page = await listed(runtime, tail=3)
    assert ([entry.seq for entry in page.entries], page.complete, page.cursor) == ([10, 11, 12], False, None)
    assert (await listed(runtime, tail=12)).complete
    assert [entry.seq for entry in (await listed(runtime, tail=2, subject=COUNTER)).entries] == [11, 12]


async def test_filters_by_subject_and_tool() -> None:
    runtime = await lived()
    assert len((await listed(runtime, subject=COUNTER)).entries) == 12
    assert len((await listed(runtime, subject="another")).entries) == 0
    assert len((await listed(runtime, tool="session_start")).entries) == 0


async def test_secrets_are_not_recorded() -> None:
    runtime = await counting()
    await invoke(runtime, "counter_write", {"note": "password=hunter2"}, PERSON)
    trail = await runtime.ports.store.audit.entries(limit=100)
    plans = await runtime.ports.store.plans.plans()
    assert "hunter2" not in repr(trail) + repr(plans)
    assert trail[0].previous == GENESIS
