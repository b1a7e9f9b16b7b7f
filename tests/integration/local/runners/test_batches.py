"""Several items of a map in one invocation: each with its own call, log and outcome."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bunsui.local.runners.outcomes import Lost

from .conftest import Caller, Desk
from .test_pool import error, value


def entry(key: str, given: object, **more: object) -> dict[str, object]:
    return {"key": key, "idempotency_key": f"id-{key}", "input": given, **more}


def batch(*entries: dict[str, object], **more: object) -> bytes:
    return json.dumps({"bunsui:batch": list(entries), **more}).encode()


def outcomes(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["bunsui:batch"]
    return found


async def test_each_item_is_a_call(invoke: Caller) -> None:
    answer = value(await invoke("echo", batch(entry("a", {"n": 1}), entry("b", [2]))))
    assert outcomes(answer) == [{"output": {"n": 1}}, {"output": [2]}]


async def test_each_item_has_its_own_context(invoke: Caller) -> None:
    answer = value(await invoke("describe", batch(entry("a", {}), entry("b", {}))))
    custom = [one["output"]["custom"] for one in outcomes(answer)]
    assert [(one["item"], one["idempotency_key"], one["job"]) for one in custom] == [
        ("a", "id-a", "fetch"),
        ("b", "id-b", "fetch"),
    ]


async def test_one_that_fails_leaves_the_others_alone(invoke: Caller) -> None:
    answer = value(await invoke("picky", batch(entry("a", 1), entry("b", "bad"), entry("c", 3))))
    first, second, third = outcomes(answer)
    assert (first, third) == ({"output": 1}, {"output": 3})
    assert second["error"] == "ValueError"
    assert json.loads(second["cause"])["errorMessage"] == "bad input"


async def test_an_output_that_is_no_json_fails_its_item_only(invoke: Caller) -> None:
    answer = value(await invoke("picky", batch(entry("a", "set"), entry("b", 2))))
    assert outcomes(answer)[0]["error"] == "Runtime.MarshalError"
    assert outcomes(answer)[1] == {"output": 2}


async def test_each_item_has_its_own_log(invoke: Caller, tmp_path: Path) -> None:
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    entries = [entry(log.stem, {"what": log.stem}, log=str(log)) for log in logs]
    value(await invoke("logs", batch(*entries)))
    for log in logs:
        text = log.read_text(encoding="utf-8")
        assert f"careful: {log.stem}" in text
        assert text.startswith("START RequestId: call-1 Item: ")
        assert "from a child" in text


async def test_what_is_finished_is_not_done_again(invoke: Caller, desk: Desk, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    given = batch(entry("a", 1), entry("b", "die"), entry("c", 3), progress=str(progress))
    (desk.project / "mark").write_text("once", encoding="utf-8")
    assert isinstance(await invoke("picky", given), Lost)
    calls = (desk.project / "calls").read_text(encoding="utf-8").split()
    assert calls == ["1", "die"]
    answer = value(await invoke("picky", given))
    assert [one["output"] for one in outcomes(answer)] == [1, "die", 3]
    assert (desk.project / "calls").read_text(encoding="utf-8").split() == ["1", "die", "die", "3"]


async def test_an_entry_that_was_cut_short_is_made_anew_and_others_follow(
    invoke: Caller, desk: Desk, tmp_path: Path
) -> None:
    progress = tmp_path / "progress"
    progress.write_bytes(b'0 12\n{"output":1}\n1 12\n{"out')
    given = batch(entry("a", 1), entry("b", 2), entry("c", "die"), progress=str(progress))
    (desk.project / "mark").write_text("once", encoding="utf-8")
    assert isinstance(await invoke("picky", given), Lost)
    value(await invoke("picky", given))
    assert (desk.project / "calls").read_text(encoding="utf-8").split() == ["2", "die", "die"]


async def test_an_item_that_exits_leaves_the_others_alone(invoke: Caller) -> None:
    answer = value(await invoke("picky", batch(entry("a", 1), entry("b", "exit"), entry("c", 3))))
    first, second, third = outcomes(answer)
    assert (first, third) == ({"output": 1}, {"output": 3})
    assert second["error"] == "Runtime.ExitError"


@pytest.mark.parametrize("how", ["fork", "fork and raise"])
async def test_a_forked_child_that_comes_back_calls_nothing(invoke: Caller, desk: Desk, how: str) -> None:
    answer = value(await invoke("picky", batch(entry("a", how), entry("b", 2), entry("c", how))))
    assert [one["output"] for one in outcomes(answer)] == [how, 2, how]
    assert (desk.project / "calls").read_text(encoding="utf-8").splitlines() == [how, "2", how]


async def test_a_batch_that_is_too_large_says_so(invoke: Caller) -> None:
    answer = await invoke("picky", batch(entry("a", "large"), entry("b", "large")))
    assert error(answer)[0] == "Function.ResponseSizeTooLarge"
