"""Which items of a map run: decided alike by the plan and by `begin`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.plan import ItemPlan, ItemReuse, JobPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.session.items import ItemFacts, changed_item, decided, different_part, unfinished_item
from tests.properties import FEW
from tests.unit.core.records import MARK, job


def facts(status: JobStatus = JobStatus.SUCCEEDED, **more: Any) -> ItemFacts:
    return ItemFacts(status=status, origin=1, **{"fingerprint": MARK, **more})


def now(**parts: str) -> Fingerprint:
    return MARK.model_copy(update=parts)


@pytest.mark.parametrize(
    ("before", "mark", "unfinished", "changed"),
    [
        pytest.param(None, MARK, Reason.ADDED, Reason.ADDED, id="it is new"),
        pytest.param(facts(JobStatus.FAILED), MARK, Reason.FAILED, Reason.FAILED, id="it failed"),
        pytest.param(
            facts(available=False),
            MARK,
            Reason.MISSING_OUTPUT,
            Reason.MISSING_OUTPUT,
            id="output is gone",
        ),
        pytest.param(facts(), MARK, None, None, id="nothing changed"),
        pytest.param(facts(), now(code="x"), None, Reason.CODE_CHANGED, id="code changed"),
        pytest.param(facts(), now(inputs="x"), Reason.INPUT_CHANGED, Reason.INPUT_CHANGED, id="other input"),
        pytest.param(
            facts(), now(inputs="x", definition="x"), None, Reason.DEFINITION_CHANGED, id="other definition"
        ),
        pytest.param(facts(fingerprint=None), now(code="x"), None, None, id="no fingerprint was kept"),
    ],
)
def test_why_an_item_would_run(
    before: ItemFacts | None, mark: Fingerprint, unfinished: Reason | None, changed: Reason | None
) -> None:
    assert unfinished_item(before, mark) is unfinished
    assert changed_item(before, mark) is changed


def test_what_is_unfinished_has_changed_too() -> None:
    for status in JobStatus:
        why = unfinished_item(facts(status), MARK)
        assert why is None or changed_item(facts(status), MARK) is why


def test_parts_are_named_in_one_order() -> None:
    parts = {"definition": "x", "code": "x", "inputs": "x"}
    order = [Reason.DEFINITION_CHANGED, Reason.CODE_CHANGED, Reason.INPUT_CHANGED, None]
    for why in order:
        assert different_part(facts(), now(**parts)) is why
        if parts:
            parts.pop(next(iter(parts)))


def plan(reuse: ItemReuse) -> JobPlan:
    return JobPlan(action=Action.RUN, reason=Reason.FAILED, reuse=reuse)


NAMED = {"k": ItemPlan(key="k", action=Action.RUN, reason=Reason.SELECTED)}


@pytest.mark.parametrize(
    ("reuse", "named", "before", "decision"),
    [
        (ItemReuse.NONE, NAMED, facts(), (Action.RUN, Reason.FAILED)),
        (ItemReuse.UNCHANGED, {}, facts(), (Action.REUSE, Reason.UNCHANGED)),
        (ItemReuse.UNCHANGED, {}, facts(JobStatus.LOST), (Action.RUN, Reason.FAILED)),
        (ItemReuse.PLANNED, NAMED, facts(), (Action.RUN, Reason.SELECTED)),
        (ItemReuse.PLANNED, {}, None, (Action.RUN, Reason.ADDED)),
        (ItemReuse.PLANNED, {}, facts(), (Action.REUSE, Reason.UNCHANGED)),
        (ItemReuse.PLANNED, {}, facts(JobStatus.FAILED), (Action.SKIP, Reason.NOT_SELECTED)),
    ],
)
def test_begin_does_what_the_plan_said(
    reuse: ItemReuse, named: dict[str, ItemPlan], before: ItemFacts | None, decision: tuple[Action, Reason]
) -> None:
    assert decided(plan(reuse), named, "k", before, MARK) == decision


@FEW
@given(st.sampled_from(ItemReuse), st.sampled_from(JobStatus), st.booleans())
def test_only_a_good_result_is_ever_reused(reuse: ItemReuse, status: JobStatus, known: bool) -> None:
    before = facts(status) if known else None
    action, _ = decided(plan(reuse), {}, "k", before, MARK)
    assert action is not Action.REUSE or (known and status.good)


def test_facts_are_those_of_the_record() -> None:
    record = job(status=JobStatus.FAILED, item="k", origin=3, fingerprint=MARK)
    assert ItemFacts.of(record, available=False) == ItemFacts(
        status=JobStatus.FAILED, origin=3, available=False, fingerprint=MARK
    )
