"""A project of random shape that is edited at random, and what it must give: the oracle of random reruns."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SKIPPED, ABSENT = "skipped", "absent"
LONG = 400_000
"""Bytes that some outputs carry, so that they travel by reference."""

COMMON = f"""\
import hashlib, json, os, time

ROOT = os.path.dirname(os.path.abspath(__file__))

def work(name, version, extra, event):
    with open(ROOT + "/../calls.log", "a") as log:
        log.write(name + "\\n")
    with open(ROOT + "/../faults.json") as file:
        fault = json.load(file).get(name)
    if fault == "slow":
        time.sleep(0.3)
    if fault == "raise":
        raise ValueError("fault of " + name)
    parts = json.dumps([name, version, extra, event], sort_keys=True).encode()
    return {{"v": hashlib.sha256(parts).hexdigest()[:12], "pad": "x" * ({LONG} if name.endswith("3") else 1)}}
"""
MODULE = """\
import json, os
from common import ROOT, work
{imports}

def first(event, context):
    return {{}}

def handler(event, context):
    return work({name!r}, {version}, {extra}, event)

if __name__ == "__main__":
    with open(os.environ["BUNSUI_INPUT"]) as file:
        event = json.load(file)
    with open(os.environ["BUNSUI_OUTPUT"], "w") as file:
        json.dump(handler(event, None), file)
"""
PARAMS: dict[str, Any] = {
    "p": {"type": "string", "default": "a"},
    "q": {"type": "integer", "default": 1},
    "go": {"type": "boolean", "default": True},
}


@dataclass
class Part:
    """A job; `uid` is what its code is called, whatever the job is."""

    uid: str
    needs: list[str]
    params: list[str]
    helper: str
    kind: str
    when: bool
    warning: bool
    data: bool
    version: int = 0
    setting: int = 0
    former: str = ""


@dataclass
class RandomProject:
    """A folder with a pipeline and its handlers, which count their calls and fail as they are told."""

    root: Path
    chance: random.Random
    parts: dict[str, Part] = field(default_factory=dict)
    helpers: dict[str, int] = field(default_factory=lambda: {"h0": 0, "h1": 0})
    data: int = 0
    made: int = 0

    def __post_init__(self) -> None:
        for _ in range(self.chance.randint(3, 8)):
            self.add()
        self.fail({})

    @property
    def folder(self) -> Path:
        return self.root / "project"

    def add(self) -> None:
        pick, uid = self.chance, f"u{self.made}"
        self.made += 1
        names = list(self.parts)
        self.parts[uid] = Part(
            uid=uid,
            needs=pick.sample(names, min(len(names), pick.choice([0, 1, 1, 2, 3]))),
            params=pick.sample(["p", "q"], pick.choice([0, 0, 1])),
            helper=pick.choice(["", "", "h0", "h1"]),
            kind=pick.choice(["lambda", "lambda", "ecs", "two"]),
            when=pick.random() < 0.15,
            warning=pick.random() < 0.15,
            data=pick.random() < 0.15,
        )

    # What happens to it

    def fail(self, faults: dict[str, str]) -> None:
        """What goes wrong from now on, by the names of the code: `raise` or `slow`."""
        (self.root / "faults.json").write_text(json.dumps(faults), encoding="utf-8")

    def random_faults(self, share: float) -> dict[str, str]:
        pick = self.chance
        return {
            part.uid: pick.choice(["raise", "slow"]) for part in self.parts.values() if pick.random() < share
        }

    def calls(self) -> Counter[str]:
        """The calls since the last time this was asked, by the names of the code."""
        log = self.root / "calls.log"
        found = Counter(log.read_text(encoding="utf-8").split()) if log.exists() else Counter[str]()
        log.unlink(missing_ok=True)
        return found

    def edit(self) -> str:
        """Change something; what it was."""
        edits = (self._code, self._code, self._helper, self._data, self._setting, self._when, self._kind)
        edit = self.chance.choice((*edits, self._needs, self._remove, self._rename, self._add))
        name = self.chance.choice(list(self.parts))
        edit(name)
        return f"{edit.__name__} {name}"

    def _code(self, name: str) -> None:
        self.parts[name].version += 1

    def _helper(self, _name: str) -> None:
        self.helpers[self.chance.choice(list(self.helpers))] += 1

    def _data(self, _name: str) -> None:
        self.data += 1

    def _setting(self, name: str) -> None:
        self.parts[name].setting += 1

    def _when(self, name: str) -> None:
        self.parts[name].when = not self.parts[name].when

    def _kind(self, name: str) -> None:
        self.parts[name].kind = self.chance.choice(["lambda", "ecs", "two"])

    def _add(self, _name: str) -> None:
        self.add()

    def _needs(self, name: str) -> None:
        order = self.order()
        before = order[: order.index(name)]
        self.parts[name].needs = self.chance.sample(before, min(len(before), self.chance.choice([0, 1, 2])))

    def _remove(self, name: str) -> None:
        if len(self.parts) > 2 and not any(name in part.needs for part in self.parts.values()):
            del self.parts[name]

    def _rename(self, name: str) -> None:
        new = f"r{self.made}"
        self.made += 1
        self.parts[name].former = name
        self.parts = {new if key == name else key: part for key, part in self.parts.items()}
        for part in self.parts.values():
            part.needs = [new if need == name else need for need in part.needs]

    # What it is

    def order(self) -> list[str]:
        done: list[str] = []
        while len(done) < len(self.parts):
            ready = [name for name, part in self.parts.items() if set(part.needs) <= set(done)]
            done += [name for name in ready if name not in done]
        return done

    def expected(self, params: dict[str, Any], warned: set[str]) -> dict[str, str]:
        """What an undisturbed run gives by job, where those of `warned` fail as warnings."""
        found: dict[str, str] = {}
        for name in self.order():
            part = self.parts[name]
            if (part.when and not params["go"]) or (
                part.needs and all(found[need] == SKIPPED for need in part.needs)
            ):
                found[name] = SKIPPED
            elif name in warned:
                found[name] = ABSENT
            else:
                found[name] = self._result(part, params, found)
        return found

    def _result(self, part: Part, params: dict[str, Any], found: dict[str, str]) -> str:
        event: dict[str, Any] = {"setting": part.setting, **{name: params[name] for name in part.params}}
        for need in part.needs:
            event[self.parts[need].uid] = ABSENT if found[need] in (SKIPPED, ABSENT) else found[need]
        extra = f"{self.helpers.get(part.helper, '-')}{self.data if part.data else ''}"
        parts = json.dumps([part.uid, part.version, extra, event], sort_keys=True).encode()
        return hashlib.sha256(parts).hexdigest()[:12]

    def write(self) -> None:
        """Write the files as they are now."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        (self.folder / "data" / "d.txt").write_text(str(self.data), encoding="utf-8")
        (self.folder / "common.py").write_text(COMMON, encoding="utf-8")
        for helper, value in self.helpers.items():
            (self.folder / f"{helper}.py").write_text(f"V = {value}\n", encoding="utf-8")
        for part in self.parts.values():
            (self.folder / f"job_{part.uid}.py").write_text(_module(part), encoding="utf-8")
        jobs = {name: self._job(part) for name, part in self.parts.items()}
        document = {"bunsui": 1, "name": "rnd", "params": PARAMS, "jobs": jobs}
        text = yaml.safe_dump(document, sort_keys=False)
        (self.folder / "pipeline.yaml").write_text(text, encoding="utf-8")

    def _job(self, part: Part) -> dict[str, Any]:
        event: dict[str, Any] = {"setting": part.setting}
        event |= {name: f"{{% $params.{name} %}}" for name in part.params}
        for need in part.needs:
            value = f"$jobs.{need}.v"
            event[self.parts[need].uid] = f'{{% $exists({value}) ? {value} : "{ABSENT}" %}}'
        return {
            **_operations(part, event),
            **({"when": "{% $params.go %}"} if part.when else {}),
            **({"severity": "warning"} if part.warning else {}),
            **({"code": ["data/*.txt"]} if part.data else {}),
            **({"renamed_from": part.former} if part.former and part.former not in self.parts else {}),
        }


def _operations(part: Part, event: dict[str, Any]) -> dict[str, Any]:
    module = f"job_{part.uid}"
    call = {"lambda": {"handler": f"{module}:handler", "input": event}}
    if part.kind == "lambda":
        return call
    if part.kind == "two":
        return {"operations": [{"lambda": {"handler": f"{module}:first"}}, call]}
    return {"ecs": {"image": "any", "command": ["python", f"{module}.py"], "input": event}}


def _module(part: Part) -> str:
    value = "str(V)" if part.helper else "'-'"
    data = " + open(ROOT + '/data/d.txt').read()" if part.data else ""
    imports = f"from {part.helper} import V" if part.helper else ""
    return MODULE.format(name=part.uid, version=part.version, extra=value + data, imports=imports)
