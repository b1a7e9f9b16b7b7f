"""What `begin` answers the machine: arguments that fit, and keys that stay the same over reruns."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.control.answers import SENT_BYTES, as_text, idempotency_key, slot_of
from bunsui.core.payloads import MARKER
from tests.properties import FEW
from tests.unit.core.records import job
from tests.unit.core.world import World, failing

ECS = {
    "image": "i",
    "command": ["run", "{% $params.n %}"],
    "env": {"N": "{% $params.n %}", "BUNSUI_JOB": "x"},
}
FIELDS = ("session_id", "run_id", "job", "item")


def test_a_key_stays_the_same_over_attempts_and_nothing_else() -> None:
    plain = job("a", item="k")
    assert idempotency_key(plain.model_copy(update={"attempt": 9, "origin": 9}), 0) == idempotency_key(
        plain, 0
    )
    others = [plain.model_copy(update={field: "other"}) for field in FIELDS]
    keys = {
        idempotency_key(plain, 0),
        idempotency_key(plain, 1),
        *(idempotency_key(one, 0) for one in others),
    }
    assert len(keys) == 2 + len(FIELDS)


def test_every_operation_of_every_attempt_has_a_place_of_its_own() -> None:
    slots = {
        slot_of(job("a", attempt=attempt, item=item), n)
        for attempt in (1, 2)
        for item in "xy"
        for n in (0, 1)
    }
    assert len(slots) == 8


@FEW
@given(st.text() | st.integers() | st.booleans() | st.none() | st.lists(st.integers(), max_size=3))
def test_text_is_a_word_as_it_is_and_any_other_value_its_json(value: Any) -> None:
    assert as_text(value) == value if isinstance(value, str) else json.loads(as_text(value)) == value


async def seen(folder: Path, jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    world = World(folder)
    world.write(jobs, **more)
    await world.start(params={"n": "7"} if "params" in more else {})
    return world.seen


async def test_a_container_gets_its_words_and_ours_win(tmp_path: Path) -> None:
    jobs = {"a": {"ecs": {**ECS, "cpu": 256, "memory": 512}}}
    answers = await seen(tmp_path, jobs, params={"n": {"type": "integer"}})
    overrides = answers["a"]["operations"][0]["overrides"]
    (main,) = overrides["ContainerOverrides"]
    env = {one["Name"]: one["Value"] for one in main["Environment"]}
    assert main["Command"] == ["run", "7"]
    assert (env["N"], env["BUNSUI_JOB"]) == ("7", "a")
    assert (overrides["Cpu"], overrides["Memory"]) == ("256", "512")


async def test_a_function_learns_who_calls(tmp_path: Path) -> None:
    call = (await seen(tmp_path, {"a": {}}))["a"]["operations"][0]
    custom = json.loads(base64.b64decode(call["client_context"]))["custom"]
    assert (custom["run"], custom["attempt"], custom["job"], custom["item"]) == ("taxi", 1, "a", "")
    assert custom["idempotency_key"]


@pytest.mark.parametrize(("size", "sent"), [(SENT_BYTES - 8, True), (SENT_BYTES - 7, False)])
async def test_a_large_event_travels_by_reference(tmp_path: Path, size: int, sent: bool) -> None:
    world = World(tmp_path, outcomes={"a": "x" * size})
    handler = {"handler": "handlers:run", "input": {"v": "{% $jobs.a %}"}}
    world.write({"a": {}, "b": {"lambda": handler}})
    await world.start()
    assert (MARKER not in world.seen["b"]["operations"][0]["payload"]) is sent


async def test_overrides_replace_what_the_definition_says(tmp_path: Path) -> None:
    world = World(tmp_path, outcomes=failing("a"))
    world.write({"a": {"timeout": "1h"}})
    session = await world.start()
    await world.rerun(session, overrides={"a.memory": 2048, "a.timeout": 5})
    (call,) = world.seen["a"]["operations"]
    assert (call["memory"], call["timeout"]) == (2048, 5)
