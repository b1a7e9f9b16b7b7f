"""Seeded randomness: the same seed and draws give the same values, another seed others."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.chance import Chance
from tests.properties import FEW


@FEW
@given(st.text(), st.integers(0, 1_000))
def test_an_execution_that_is_resumed_draws_on_where_it_was(seed: str, drawn: int) -> None:
    first = Chance(seed, drawn)
    values = [first.random() for _ in range(5)]
    assert [Chance(seed, drawn + index).random() for index in range(5)] == values
    assert first.draws == drawn + 5


@FEW
@given(st.text(), st.integers(-100, 100), st.integers(1, 50))
def test_integers_stay_in_their_range(seed: str, start: int, width: int) -> None:
    chance = Chance(seed)
    drawn = [chance.integer(start, start + width) for _ in range(20)]
    assert all(start <= number < start + width for number in drawn)


def test_every_integer_of_a_range_comes_up() -> None:
    chance = Chance("s")
    assert {chance.integer(0, 4) for _ in range(200)} == {0, 1, 2, 3}


def test_another_seed_gives_other_values() -> None:
    assert len({Chance(str(seed)).random() for seed in range(100)}) == 100


def test_numbers_lie_below_one_and_spread() -> None:
    chance = Chance("s")
    drawn = [chance.random() for _ in range(500)]
    assert 0 <= min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1
    assert 0.4 < sum(drawn) / len(drawn) < 0.6


def test_uuids_are_of_version_4_and_differ() -> None:
    chance = Chance("s")
    drawn = [UUID(chance.uuid()) for _ in range(50)]
    assert {one.version for one in drawn} == {4}
    assert len(set(drawn)) == 50
