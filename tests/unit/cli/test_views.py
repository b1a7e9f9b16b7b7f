"""What people read of a document."""

from __future__ import annotations

import pytest

from bunsui.cli.style import Style
from bunsui.cli.views.job import show as job
from bunsui.cli.views.pipeline import show as pipeline

PLAIN = Style(on=False)
JOB = {
    "run": "r",
    "id": "each",
    "item": "",
    "status": "succeeded",
    "stale": False,
    "origin": 1,
    "error": None,
    "tries": [],
    "items": None,
    "input": None,
    "output": None,
}


@pytest.mark.parametrize(
    ("reason", "detail", "said"),
    [
        ("new", "", "attempt 1, new"),
        ("downstream-of", "clean", "attempt 1, downstream-of clean"),
        (
            "new",
            "6 of 200 items failed, which is tolerated",
            "attempt 1, new (6 of 200 items failed, which is tolerated)",
        ),
    ],
)
def test_a_detail_stands_apart_from_the_reason(reason: str, detail: str, said: str) -> None:
    assert said in job({**JOB, "reason": reason, "detail": detail}, PLAIN, None)


@pytest.mark.parametrize(("default", "said"), [(False, "false"), (None, "null"), ("2019-03", "2019-03")])
def test_a_default_is_shown_as_one_would_give_it(default: object, said: str) -> None:
    param = {"name": "p", "type": "any", "required": False, "default": default, "description": ""}
    document = {"name": "n", "version": "v" * 64, "description": "", "source": ""}
    shown = pipeline({**document, "params": [param], "jobs": [], "versions": []}, PLAIN, None)
    assert any(line.split() == ["p", "any", said, "-"] for line in shown)
