"""Status words: what has ended, what is good, and that no word is forgotten."""

from __future__ import annotations

import pytest

from bunsui.core.models.status import BAD_ITEMS, JobStatus, Status


@pytest.mark.parametrize(
    ("status", "ended"),
    [(status, status in {"succeeded", "failed", "stopped", "timed_out"}) for status in Status],
)
def test_a_session_has_ended_or_goes_on(status: Status, ended: bool) -> None:
    assert status.ended is ended


def test_what_is_good_has_ended_and_what_is_open_is_neither() -> None:
    good = {status for status in JobStatus if status.good}
    assert good == {JobStatus.SUCCEEDED, JobStatus.REUSED, JobStatus.SKIPPED}
    assert all(status.ended for status in good)
    open_ = {status for status in JobStatus if not status.ended}
    assert open_ == {JobStatus.PENDING, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING}


def test_bad_items_have_ended_badly_by_themselves() -> None:
    assert all(status.ended and not status.good for status in BAD_ITEMS)
    assert JobStatus.STOPPED not in BAD_ITEMS
