"""What the type checker reads is also run."""

from __future__ import annotations

from tests.typing import api


def test_the_typed_example_runs() -> None:
    assert list(api.pipeline.jobs) == ["fetch", "count"]
