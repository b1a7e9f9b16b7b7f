"""Business keys: one session holds one, until it has succeeded or was stopped."""

from __future__ import annotations

import pytest

from bunsui.core.models.session import KeyClaim, Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.keys import check_key, check_words, claim_for, claim_to_release, holding
from bunsui.errors import Conflict, UsageError
from bunsui.testing.memory import MemoryStore
from tests.unit.core.records import later, session


async def store(*sessions: Session, holder: str = "") -> MemoryStore:
    kept = MemoryStore()
    claims = [KeyClaim(profile="local", key="k", session_id=holder)] if holder else []
    await kept.commit(Transaction(put=[*sessions, *claims]))
    return kept


@pytest.mark.parametrize("status", list(Status))
async def test_a_key_is_free_again_after_success_and_stop_only(status: Status) -> None:
    kept = await store(session("s", key="k", status=status))
    free = status in (Status.SUCCEEDED, Status.STOPPED)
    assert (await holding(kept, "local", "k") is None) is free
    if not free:
        with pytest.raises(Conflict, match=f"has the key 'k' and is {status.value}"):
            await check_key(kept, "local", "k", allow_duplicate=False)


async def test_the_refusal_says_who_holds_it_and_what_can_be_done() -> None:
    kept = await store(session("s", key="k", status=Status.FAILED))
    with pytest.raises(Conflict, match="ada started it at 2026-01-01 00:00:00 UTC") as caught:
        await check_key(kept, "local", "k", allow_duplicate=False)
    steps = " ".join(caught.value.next_steps)
    assert all(word in steps for word in ("session rerun s", "session stop s", "--allow-duplicate"))
    assert caught.value.details == {"session": "s", "key": "k", "status": "failed"}


async def test_without_a_key_with_leave_or_in_another_profile_nothing_is_refused() -> None:
    kept = await store(session("s", key="k"))
    await check_key(kept, "local", None, allow_duplicate=False)
    await check_key(kept, "local", "k", allow_duplicate=True)
    await check_key(kept, "prod", "k", allow_duplicate=False)


async def test_a_holder_is_found_behind_many_that_have_let_go() -> None:
    done = [session(f"d{n}", key="k", status=Status.SUCCEEDED, created_at=later(n)) for n in range(1, 130)]
    kept = await store(session("holder", key="k"), *done)
    found = await holding(kept, "local", "k")
    assert found is not None
    assert found.id == "holder"


async def test_a_duplicate_claims_nothing_and_releases_nothing() -> None:
    first, second = session("s", key="k"), session("t", key="k", status=Status.SUCCEEDED)
    kept = await store(first, second, holder="s")
    assert await claim_for(kept, second) is None
    assert await claim_to_release(kept, second) == []


async def test_who_comes_first_claims_and_who_ends_well_releases() -> None:
    kept = await store()
    claim = await claim_for(kept, session("s", key="k"))
    assert claim == KeyClaim(profile="local", key="k", session_id="s")
    await kept.commit(Transaction(put=[claim]))
    assert await claim_to_release(kept, session("s", key="k", status=Status.FAILED)) == []
    assert await claim_to_release(kept, session("s", key="k", status=Status.STOPPED)) == [claim]
    assert await claim_for(kept, session("s")) is None


@pytest.mark.parametrize("key", ["", " ", " k", "k\n", "k\t1", "k\x00", "k\u200b", "k\u202e"])
def test_a_key_that_only_looks_like_another_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="would not be the key that it looks like"):
        check_words(key, {})


@pytest.mark.parametrize("name", ["", " ", "a=b", "a\nb"])
def test_a_tag_that_could_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a tag"):
        check_words(None, {name: "x"})


def test_keys_and_tags_are_otherwise_free() -> None:
    check_words("月次 2026-11 / é", {"team": "a=b", "ü": ""})
    check_words(None, {})
