"""Every tool gives the same document, or the same error code, whatever way it is called."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bunsui.bootstrap import build
from bunsui.core.models.audit import CallerKind
from bunsui.errors import ApprovalRequired
from bunsui.tools.context import Caller
from bunsui.tools.decision import decide
from bunsui.tools.invoke import invoke
from bunsui.tools.registry import Registry
from bunsui.utils.config import load_settings
from tests.front_ends.front_ends import FRONT_ENDS, CommandLine, Outcome

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
PIPELINE = """\
bunsui: 1
name: two
jobs:
  good: {lambda: {handler: handlers:good}}
  bad: {needs: [good], lambda: {handler: handlers:bad}}
"""
GATED = """\
bunsui: 1
name: gated
jobs:
  good: {approval: {message: Go on?}, lambda: {handler: handlers:good}}
"""
HANDLERS = """\
def good(event, context):
    return {"rows": 3}

def bad(event, context):
    print("no column price")
    raise ValueError("price is missing")
"""
VOLATILE = ("id", "digest")


class World:
    """A project, and the data directory of a session of it that failed."""

    def __init__(self, folder: Path) -> None:
        self.project, self.data_dir = folder / "project", folder / "data"
        self.project.mkdir()
        for name, text in {
            "pipeline.yaml": PIPELINE,
            "handlers.py": HANDLERS,
            "other.yaml": PIPELINE.replace("two", "other"),
            "spare.yaml": PIPELINE.replace("two", "spare"),
            "gated.yaml": GATED,
            "broken.yaml": "bunsui: 1\nname: broken\njobs: {a: {lamda: {}}}\n",
            "broken.json": '{"States": {}}',
            "machine.json": '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
        }.items():
            (self.project / name).write_text(text, encoding="utf-8")
        line = CommandLine()
        line.call(self.data_dir, "pipeline_register", {"pipeline": str(self.project / "pipeline.yaml")})
        started = line.call(self.data_dir, "session_start", {"pipelines": ["two"]}).document
        assert started is not None
        self.session, self.plan = started["id"], started["plan"]["id"]
        ended = line.call(self.data_dir, "session_wait", {"session": self.session, "timeout": 50})
        assert ended.document is not None
        assert ended.document["status"] == "failed"
        line.call(self.data_dir, "pipeline_register", {"pipeline": str(self.project / "spare.yaml")})
        held = line.call(self.data_dir, "session_start", {"pipelines": [str(self.project / "gated.yaml")]})
        assert held.document is not None
        self.held = held.document["id"]
        self.no_session = asyncio.run(self._approved("session_delete", {"session": self.session}))
        self.no_pipeline = asyncio.run(self._approved("pipeline_delete", {"pipeline": "spare"}))

    def close(self) -> None:
        """Nothing is left that a worker would stay for."""
        stopped = CommandLine().call(self.data_dir, "session_stop", {"session": self.held})
        assert stopped.document is not None

    async def _approved(self, tool: str, arguments: dict[str, Any]) -> str:
        """A plan of that call on which a person said yes."""
        runtime = build(load_settings({"data_dir": str(self.data_dir)}))
        try:
            with pytest.raises(ApprovalRequired) as caught:
                await invoke(runtime, tool, arguments, Caller(kind=CallerKind.AUTOMATION, actor="ci"))
            person = Caller(kind=CallerKind.PERSON, actor="ann")
            return (await decide(runtime, str(caught.value.details["plan_id"]), person)).id
        finally:
            await runtime.ports.store.close()

    def filled(self, value: Any) -> Any:
        """The arguments with their placeholders filled in."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return value.format(**vars(self)) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, bunsui_command: Path) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUNSUI_WORKER_IDLE", "0.5")
        patch.setenv("BUNSUI_CONFIG", "")
        world = World(tmp_path_factory.mktemp("parity"))
        yield world
        world.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['tool']}-{case.get('code', 'ok')}")
@pytest.mark.usefixtures("no_configuration")
def test_front_ends_answer_alike(case: dict[str, Any], world: World, tmp_path: Path) -> None:
    outcomes = {name: answered(name, case, world, tmp_path / name) for name in FRONT_ENDS}
    first = outcomes["cli"]
    assert first.code == case.get("code")
    assert set(map(plain, outcomes.values())) == {plain(first)}


@pytest.mark.parametrize("tool", Registry().names())
@pytest.mark.usefixtures("no_configuration")
def test_a_field_that_is_none_is_refused_alike(tool: str, world: World) -> None:
    codes = {name: one.call(world.data_dir, tool, {"no_such": 1}).code for name, one in FRONT_ENDS.items()}
    assert set(codes.values()) == {"usage"}


def test_every_tool_has_a_case_that_succeeds_and_one_that_fails() -> None:
    succeed = {case["tool"] for case in CASES if "code" not in case}
    fail = {case["tool"] for case in CASES if "code" in case}
    tools = set(Registry().names())
    assert tools - succeed == set()
    assert tools - fail == {"ops_doctor"}, "it has nothing that could be wrong"


@pytest.fixture
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNSUI_CONFIG", "")


def answered(name: str, case: dict[str, Any], world: World, data_dir: Path) -> Outcome:
    """The answer of one front end; a change happens in a copy of the data directory."""
    place = world.data_dir
    known = case["tool"] in Registry().names()
    if known and Registry().entry(case["tool"]).effect != "read":
        shutil.copytree(world.data_dir, data_dir, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
        place = data_dir
    return FRONT_ENDS[name].call(place, case["tool"], world.filled(case["arguments"]))


def plain(outcome: Outcome) -> str:
    """The outcome without what time, chance and the caller's name make of it."""
    return str((outcome.code, _plain(outcome.document)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(item)
            for key, item in value.items()
            if key not in VOLATILE and key.rpartition("_")[2] not in {"at", "by"}
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        text = re.sub(r"\d+ MiB are free", "… are free", value)
        return re.sub(r"process \d+ of (.*), \d+ running", r"a process of \1", text)
    return value
