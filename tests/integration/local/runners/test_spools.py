"""Who has which spool file."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bunsui.local.runners.spools import Spools

ONE, OTHER = Path("/spool/one"), Path("/spool/other")


def begun(*pairs: tuple[str, Path]) -> Spools[str]:
    spools: Spools[str] = Spools()
    for runner, spool in pairs:
        spools.begin(runner, spool)
    return spools


def test_a_file_is_given_on_once_its_result_is_handed_on_and_only_once() -> None:
    spools = begun(("a", ONE))
    assert spools.take("a") is None
    spools.answered(ONE)
    assert spools.take("a") == ONE
    assert spools.take("a") is None


def test_a_file_that_nobody_begins_is_nobodys(tmp_path: Path) -> None:
    spools = begun(("a", ONE))
    spools.answered(ONE)
    spools.take("a")
    spools.abandon(ONE)
    assert not spools.recorded(ONE)


def test_a_file_that_is_in_use_is_not_abandoned() -> None:
    spools = begun(("a", ONE))
    spools.abandon(ONE)
    spools.answered(ONE)
    assert spools.recorded(ONE)


def test_a_runner_that_takes_another_file_leaves_the_first_to_who_records_it() -> None:
    spools = begun(("a", ONE), ("a", OTHER))
    assert not spools.recorded(ONE)
    spools.answered(OTHER)
    assert spools.recorded(OTHER)


def test_a_record_of_an_earlier_result_does_not_free_the_file_of_a_later_one(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(b"later")
    spools = begun(("a", spool))
    spools.answered(spool)
    assert spools.take("a") == spool
    spools.begin("a", spool)
    assert spools.recorded(spool)
    spools.drop("a")
    assert spool.exists(), "the later result is nowhere else yet"


RUNNERS = st.sampled_from("abc")


@given(st.lists(st.tuples(RUNNERS, st.booleans(), st.booleans()), max_size=40))
def test_no_two_calls_have_one_file_and_none_is_written_over_before_it_is_handed_on(
    calls: list[tuple[str, bool, bool]],
) -> None:
    """A call is answered or not, and made by its runner or, where that died, by another."""
    spools: Spools[str] = Spools()
    open_: dict[Path, str] = {}
    for number, (runner, is_answered, died) in enumerate(calls):
        given_on = spools.take(runner)
        assert given_on not in open_
        spool = given_on or Path(f"/spool/{number}")
        maker = runner
        if died:
            spools.drop(runner)
            maker = f"{runner}{number}"
        spools.begin(maker, spool)
        open_[spool] = maker
        if is_answered:
            spools.answered(spool)
            del open_[spool]


def test_a_file_that_must_not_stay_is_nobodys_any_more() -> None:
    spools = begun(("a", ONE))
    spools.release(ONE)
    spools.answered(ONE)
    assert spools.take("a") is None
    assert not spools.recorded(ONE), "who recorded the result removes it"
