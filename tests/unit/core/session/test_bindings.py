"""The variables of expressions: outputs of what has some, and never a secret's value."""

from __future__ import annotations

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.status import JobStatus
from bunsui.core.pipeline import Bindings
from bunsui.core.pipeline.dag import Dag
from bunsui.core.session.bindings import bindings_from, placeholder
from bunsui.core.session.definitions import Definition
from bunsui.errors import NotFound
from bunsui.testing.memory import MemoryBlobs
from tests.unit.core.pipeline.shapes import pipeline_of
from tests.unit.core.records import job, payload, session

PIPELINE = pipeline_of({"a": []}, params={"pw": {"type": "secret"}, "n": {"type": "integer"}})
DEFINITION = Definition("v1", PIPELINE, Dag(PIPELINE))
PARAMS: dict[str, JsonValue] = {"pw": "env:PW", "n": 3}


async def bound(**statuses: JobStatus) -> Bindings:
    jobs = {name: job(name, status, output=payload({"from": name})) for name, status in statuses.items()}
    given = session(key="k", tags={"t": "1"})
    return await bindings_from(MemoryBlobs(), DEFINITION, dict(PARAMS), given, "r", jobs)


async def test_a_secret_is_a_placeholder_of_its_reference() -> None:
    found = await bound()
    assert found.params == {"pw": placeholder("env:PW"), "n": 3}
    assert "env:PW" in placeholder("env:PW")
    assert placeholder("env:A") != placeholder("env:B")


@pytest.mark.parametrize("status", list(JobStatus))
async def test_only_what_has_a_result_is_there(status: JobStatus) -> None:
    there = status in (JobStatus.SUCCEEDED, JobStatus.REUSED)
    assert (await bound(a=status)).jobs == ({"a": {"from": "a"}} if there else {})


async def test_a_job_that_gave_nothing_is_absent_and_one_that_gave_null_is_null() -> None:
    jobs = {"a": job("a", JobStatus.SUCCEEDED), "b": job("b", JobStatus.SUCCEEDED, output=payload(None))}
    found = await bindings_from(MemoryBlobs(), DEFINITION, {}, session(), "r", jobs)
    assert found.jobs == {"b": None}


async def test_the_session_tells_its_key_tags_and_run() -> None:
    assert (await bound()).session == {"id": "s", "key": "k", "tags": {"t": "1"}, "run": "r"}


async def test_an_output_that_is_gone_is_told() -> None:
    jobs = {"a": job("a", JobStatus.SUCCEEDED, output=payload(1, blob="gone"))}
    with pytest.raises(NotFound):
        await bindings_from(MemoryBlobs(), DEFINITION, {}, session(), "r", jobs)
