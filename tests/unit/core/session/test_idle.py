"""Whether a session can take a rerun, and if not, who is at it."""

from __future__ import annotations

import pytest

from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.idle import check_idle
from bunsui.errors import Conflict
from bunsui.testing.memory import MemoryStore
from tests.unit.core.records import attempt, run, session


async def check(status: Status, strategy: str = "start") -> None:
    store, one = MemoryStore(), run(status=status, attempt=2)
    await store.commit(Transaction(put=[attempt(2, strategy=strategy)]))
    await check_idle(store, session(status=status), [one])


@pytest.mark.parametrize("status", list(Status))
async def test_only_what_has_ended_is_idle(status: Status) -> None:
    if status.ended:
        await check(status)
    else:
        with pytest.raises(Conflict, match=f"is {status.value}: attempt 2 of run r"):
            await check(status)


@pytest.mark.parametrize(("strategy", "what"), [("start", "start"), ("failed", "rerun (failed)")])
async def test_who_is_refused_hears_who_is_at_it(strategy: str, what: str) -> None:
    with pytest.raises(Conflict) as caught:
        await check(Status.RUNNING, strategy)
    assert f"a {what} by ada at 2026-01-01 00:00:00 UTC" in caught.value.message
    assert caught.value.details == {"session": "s", "run": "r", "attempt": 2, "by": "ada", "what": what}
    assert [step.split(": ")[1].split()[2] for step in caught.value.next_steps] == ["show", "stop"]
