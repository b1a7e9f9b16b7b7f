"""A project of random shape that is edited at random, and what it must give: the oracle of random reruns."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

SKIPPED, ABSENT = "skipped", "absent"
ITEMS = [*(f"i{index}" for index in range(6)), *(f"z{index}" for index in range(5))]
Found: TypeAlias = str | list[str]
"""What a job gives: a value, or those of its items."""
LONG = 400_000
"""Bytes that some outputs carry, so that they travel by reference."""

COMMON = f"""\
import hashlib, json, os, time

ROOT = os.path.dirname(os.path.abspath(__file__))

def work(name, version, extra, event):
    called = f"{{name}}:{{event['item']}}" if "item" in event else name
    with open(ROOT + "/../calls.log", "a") as log:
        log.write(called + "\\n")
    with open(ROOT + "/../faults.json") as file:
        faults = json.load(file)
    fault = faults.get(called, faults.get(name))
    if fault == "slow":
        time.sleep(0.3)
    if fault == "raise":
        raise ValueError("fault of " + name)
    parts = json.dumps([name, version, extra, event], sort_keys=True).encode()
    value = hashlib.sha256(parts).hexdigest()[:12]
    zones = [f"z{{index}}" for index in range(int(value[0], 16) % 5)]
    return {{"v": value, "zones": zones, "pad": "x" * ({LONG} if called.endswith("3") else 1)}}
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
    def outcome(one):
        try:
            return {{"output": handler(one["input"], None)}}
        except ValueError as error:
            return {{"error": "ValueError", "cause": str(error)}}
    result = [outcome(one) for one in event] if isinstance(event, list) else handler(event, None)
    with open(os.environ["BUNSUI_OUTPUT"], "w") as file:
        json.dump(result, file)
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
    items: list[str] | None = None
    spread: str = ""
    batch: int = 0
    distributed: bool = False
    tolerated: int = 0

    @property
    def mapped(self) -> bool:
        """Whether it runs once for every item of a list, its own or one that a need gives."""
        return self.items is not None or bool(self.spread)


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
        if pick.random() < 0.4:
            self._spread(uid)

    def _spread(self, name: str) -> None:
        """Make it a map, or another one, or none any more; maps over its list go through one of their own."""
        pick, part = self.chance, self.parts[name]
        for other in self.parts.values():
            if other.spread == name:
                other.items, other.spread = self._list(), ""
        lists = [need for need in part.needs if not self.parts[need].mapped]
        part.items, part.spread = None, ""
        part.kind = "lambda" if part.kind == "two" else part.kind
        part.batch = pick.choice([0, 0, 2, 3]) if part.kind == "lambda" else pick.choice([0, 2])
        part.distributed, part.tolerated = pick.random() < 0.3, pick.choice([0, 0, 1])
        how = pick.random()
        if how < 0.5 and lists:
            part.spread = pick.choice(lists)
        elif how < 0.9 or not lists:
            part.items = self._list()

    def _list(self) -> list[str]:
        return self.chance.sample([f"i{index}" for index in range(6)], self.chance.randint(0, 5))

    # What happens to it

    def fail(self, faults: dict[str, str]) -> None:
        """What goes wrong from now on, by the names of the code: `raise` or `slow`."""
        (self.root / "faults.json").write_text(json.dumps(faults), encoding="utf-8")

    def random_faults(self, share: float) -> dict[str, str]:
        pick = self.chance
        places = [
            place
            for part in self.parts.values()
            for place in ([f"{part.uid}:{item}" for item in ITEMS] if part.mapped else [part.uid])
        ]
        return {place: pick.choice(["raise", "slow"]) for place in places if pick.random() < share}

    def calls(self) -> Counter[str]:
        """The calls since the last time this was asked, by the names of the code."""
        log = self.root / "calls.log"
        found = Counter(log.read_text(encoding="utf-8").split()) if log.exists() else Counter[str]()
        log.unlink(missing_ok=True)
        return found

    def edit(self) -> str:
        """Change something; what it was."""
        edits = (
            self._code,
            self._code,
            self._helper,
            self._data,
            self._setting,
            self._when,
            self._kind,
            self._spread,
        )
        edit = self.chance.choice((*edits, self._items, self._needs, self._remove, self._rename, self._add))
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
        part = self.parts[name]
        part.kind = self.chance.choice(["lambda", "ecs"] if part.mapped else ["lambda", "ecs", "two"])

    def _items(self, _name: str) -> None:
        """Other items in some list of the definition."""
        for part in self.parts.values():
            if part.items is not None and self.chance.random() < 0.7:
                part.items = self._list()

    def _add(self, _name: str) -> None:
        self.add()

    def _needs(self, name: str) -> None:
        order = self.order()
        before = order[: order.index(name)]
        part = self.parts[name]
        part.needs = self.chance.sample(before, min(len(before), self.chance.choice([0, 1, 2])))
        if part.spread not in part.needs:
            part.spread = ""

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
            part.spread = new if part.spread == name else part.spread

    # What it is

    def order(self) -> list[str]:
        done: list[str] = []
        while len(done) < len(self.parts):
            ready = [name for name, part in self.parts.items() if set(part.needs) <= set(done)]
            done += [name for name in ready if name not in done]
        return done

    def expected(self, params: dict[str, Any], warned: set[str], lost: set[str]) -> dict[str, Found]:
        """What an undisturbed run gives by job, where those of `warned` fail as warnings.

        `lost` are items that failed and were tolerated, as JOB:ITEM.
        """
        found: dict[str, Found] = {}
        for name in self.order():
            part = self.parts[name]
            if (part.when and not params["go"]) or (
                part.needs and all(found[need] == SKIPPED for need in part.needs)
            ):
                found[name] = SKIPPED
            elif name in warned:
                found[name] = ABSENT
            elif part.mapped:
                items = [item for item in self._items_of(part, found) if f"{name}:{item}" not in lost]
                found[name] = [self._result(part, params, found, {"item": item}) for item in items]
            else:
                found[name] = self._result(part, params, found, {})
        return found

    @staticmethod
    def _items_of(part: Part, found: dict[str, Found]) -> list[str]:
        if part.items is not None:
            return part.items
        value = found[part.spread]
        absent = value in (SKIPPED, ABSENT)
        return [] if absent else [f"z{index}" for index in range(int(str(value)[0], 16) % 5)]

    def _result(
        self, part: Part, params: dict[str, Any], found: dict[str, Found], item: dict[str, str]
    ) -> str:
        event: dict[str, Any] = {
            "setting": part.setting,
            **{name: params[name] for name in part.params},
            **item,
        }
        for need in part.needs:
            value = found[need]
            # A path through a list gives what it holds: nothing, the one, or the list.
            inside = value if not isinstance(value, list) or len(value) > 1 else (value or [ABSENT])[0]
            event[self.parts[need].uid] = ABSENT if value in (SKIPPED, ABSENT) else inside
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
        if part.mapped:
            event["item"] = "{% $item %}"
        return {
            **_operations(part, event),
            **({"map": self._map(part)} if part.mapped else {}),
            **({"when": "{% $params.go %}"} if part.when else {}),
            **({"severity": "warning"} if part.warning else {}),
            **({"code": ["data/*.txt"]} if part.data else {}),
            **({"renamed_from": part.former} if part.former and part.former not in self.parts else {}),
        }

    @staticmethod
    def _map(part: Part) -> dict[str, Any]:
        zones = f"$jobs.{part.spread}.zones"
        return {
            "items": part.items
            if part.items is not None
            else f"{{% $exists({zones}) ? $append([], {zones}) : [] %}}",
            "key": "{% $item %}",
            **({"batch": part.batch} if part.batch else {}),
            **({"mode": "distributed"} if part.distributed else {}),
            **({"tolerated_failure_count": part.tolerated} if part.tolerated else {}),
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
