"""Addresses of resources: whatever a name holds, its address leads back to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui_mcp.uris import AUDIT, job, parsed, pipeline, session
from tests.properties import FEW

NAMES = st.text(min_size=1, max_size=12)


@FEW
@given(NAMES, NAMES, NAMES, st.sampled_from(["log", "input", "output"]))
def test_an_address_leads_back_to_the_job(session_id: str, run: str, name: str, part: str) -> None:
    assert parsed(job(session_id, run, name, part)) == (
        part,
        {"session": session_id, "run": run, "job": name},
    )


@FEW
@given(NAMES, st.sampled_from(["definition", "machine"]))
def test_an_address_leads_back_to_session_and_pipeline(name: str, part: str) -> None:
    assert parsed(session(name)) == ("session", {"session": name})
    assert parsed(pipeline(name, part)) == (part, {"pipeline": name})


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "bunsui://session/",
        "bunsui://session/a/b",
        "bunsui://session/a?x=1",
        "bunsui://session/a#f",
        "bunsui://pipeline/p",
        "bunsui://pipeline/p/other",
        "bunsui://session/s/r/j/secrets",
        "file:///etc/passwd",
        "BUNSUI://audit",
        "bunsui://audit/1",
        " bunsui://audit",
    ],
)
def test_any_other_address_is_none(uri: str) -> None:
    assert parsed(uri) is None


def test_the_trail_has_one_address() -> None:
    assert parsed(AUDIT) == ("audit", {})
