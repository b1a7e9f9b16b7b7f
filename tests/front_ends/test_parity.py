"""Every tool gives the same document, or the same error code, whatever way it is called."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bunsui.tools.registry import Registry
from tests.front_ends.front_ends import FRONT_ENDS, CommandLine, Outcome

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
PIPELINE = """\
bunsui: 1
name: two
jobs:
  good: {lambda: {handler: handlers:good}}
  bad: {needs: [good], lambda: {handler: handlers:bad}}
"""
HANDLERS = """\
def good(event, context):
    return {"rows": 3}

def bad(event, context):
    print("no column price")
    raise ValueError("price is missing")
"""
VOLATILE = frozenset({"id", "digest", "created_by", "registered_by"})


class World:
    """A project, and the data directory of a session of it that failed."""

    def __init__(self, folder: Path) -> None:
        self.project, self.data_dir = folder / "project", folder / "data"
        self.project.mkdir()
        for name, text in {
            "pipeline.yaml": PIPELINE,
            "handlers.py": HANDLERS,
            "other.yaml": PIPELINE.replace("two", "other"),
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

    def filled(self, value: Any) -> Any:
        """The arguments with their placeholders filled in."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        names = {"session": self.session, "plan": self.plan, "project": str(self.project)}
        return value.format(**names) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, bunsui_command: Path) -> World:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUNSUI_WORKER_IDLE", "0.5")
        patch.setenv("BUNSUI_CONFIG", "")
        return World(tmp_path_factory.mktemp("parity"))


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


def test_every_read_has_a_case_that_succeeds_and_one_that_fails() -> None:
    succeed = {case["tool"] for case in CASES if "code" not in case}
    fail = {case["tool"] for case in CASES if "code" in case}
    reads = {entry.name for entry in Registry() if entry.effect == "read"}
    assert reads - succeed == set()
    assert reads - fail <= {"ops_doctor"}


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
            if key not in VOLATILE and not key.endswith("_at")
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        text = re.sub(r"\d+ MiB are free", "… are free", value)
        return re.sub(r"process \d+ of (.*), \d+ running", r"a process of \1", text)
    return value
