"""Mocks from a file, JSON or YAML, in one of two formats.

Ours has one reply or a list of replies under the name of a state, a Lambda function or a resource ARN::

    load: {Return: {rows: 3}}
    arn:aws:states:::glue:startJobRun.sync:
      - Throw: {Error: Glue.Busy, Cause: try again}
      - Return: {JobRunState: SUCCEEDED}
        Delay: 90

The other is the mock configuration of Step Functions Local (`StateMachines`, `TestCases`, `MockedResponses`):
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.document import read_data
from bunsui.core.simulation.mocks import Mocks
from bunsui.core.simulation.reply import Reply
from bunsui.errors import ConfigError

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_MOST_TRIES = 10_000

V = TypeVar("V")

EXAMPLE = "load: {Return: {rows: 3}}"


def load_mocks(
    path: Path, *, machine: str | None = None, case: str | None = None, optional: bool = False
) -> Mocks:
    """Read a file. `machine` and `case` choose in AWS's format; a single one needs no choice.

    With `optional` AWS's format gives no mocks where no case is named.

    Raises:
        ConfigError: the file cannot be read, or holds something else than mocks.
    """
    found = read_data(path, "The mocks file")
    if optional and case is None and isinstance(found, dict) and "StateMachines" in found:
        return Mocks({}, str(path))
    return parse_mocks(found, str(path), machine=machine, case=case)


def parse_mocks(
    found: JsonValue, source: str, *, machine: str | None = None, case: str | None = None
) -> Mocks:
    """The mocks of a decoded file. Raises ConfigError; `source` is what it names."""
    reader = _Reader(source)
    document = reader.mapping(found, "the file")
    if "StateMachines" not in document and "MockedResponses" not in document:
        if case is not None:
            steps = ["leave the case away: a file in bunsui's own format has none"]
            raise reader.refusal(f"there are no test cases, and so no {case}", steps)
        return Mocks({name: reader.replies(value, name) for name, value in document.items()}, source)
    return Mocks(reader.case(document, machine, case), source)


def _instance(place: str) -> str:
    return f"for instance {place}: {{Return: {{}}}}, or {place}: {{Throw: {{Error: Busy}}}}"


def _kind(value: JsonValue) -> str:
    """What stands in the place of a mapping. Its words are not shown: the file may be anybody's."""
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "a number"


class _Reader:
    """Reads parts of one file; every refusal names the file."""

    def __init__(self, source: str) -> None:
        self._source = source

    def refusal(self, what: str, steps: Sequence[str] = ()) -> ConfigError:
        return ConfigError(f"The mocks file {self._source}: {what}", next_steps=steps)

    def mapping(self, value: JsonValue, place: str) -> dict[str, JsonValue]:
        if not isinstance(value, dict):
            raise self.refusal(f"{place} must be a mapping, not {_kind(value)}", [f"for instance {EXAMPLE}"])
        return {str(name): inner for name, inner in value.items()}

    def replies(self, value: JsonValue, place: str) -> list[Reply]:
        """One reply or a list; a mapping of numbers is AWS's way to say the same."""
        if isinstance(value, list):
            return [self.reply(one, place) for one in value]
        if isinstance(value, dict) and value and all(_RANGE.fullmatch(str(key)) for key in value):
            return self.numbered(self.mapping(value, place), place)
        return [self.reply(value, place)]

    def numbered(self, value: Mapping[str, JsonValue], place: str) -> list[Reply]:
        """Replies under `"0"` and `"1-3"`, the numbers of the calls."""
        found: dict[int, Reply] = {}
        for key, one in value.items():
            first, last = self._range(key, place)
            found |= dict.fromkeys(range(first, last + 1), self.reply(one, f"{place} {key}"))
        missing = next((number for number in range(len(found)) if number not in found), None)
        if missing is not None:
            raise self.refusal(f"{place} has no reply for call {missing}")
        return [found[number] for number in range(len(found))]

    def _range(self, key: str, place: str) -> tuple[int, int]:
        match = _RANGE.fullmatch(key)
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else -1
        if not first <= last < _MOST_TRIES:
            raise self.refusal(f"{place}: {key} is no number and no range of at most {_MOST_TRIES} calls")
        return first, last

    def reply(self, value: JsonValue, place: str) -> Reply:
        if not isinstance(value, dict):
            raise self.refusal(f"{place} needs a reply, not {_kind(value)}", [_instance(place)])
        found = self.mapping(value, place)
        delay = found.pop("Delay", 0)
        if isinstance(delay, bool) or not isinstance(delay, (int, float)) or delay < 0:
            raise self.refusal(f"{place}: Delay is a number of seconds")
        match found:
            case {"Return": output, **rest} if not rest:
                return Reply.returned(output, float(delay))
            case {"Throw": {"Error": str(error), **details}, **rest} if not rest:
                cause = details.get("Cause")
                return Reply.thrown(error, None if cause is None else str(cause), float(delay))
        raise self.refusal(f"{place} needs either Return or Throw with an Error", [_instance(place)])

    def case(
        self, document: Mapping[str, JsonValue], machine: str | None, case: str | None
    ) -> dict[str, list[Reply]]:
        machines = self.mapping(document.get("StateMachines"), "StateMachines")
        name, chosen = self.choose(machines, machine, "state machine")
        cases = self.mapping(self.mapping(chosen, name).get("TestCases"), f"{name} TestCases")
        case_name, states = self.choose(cases, case, "test case")
        responses = self.mapping(document.get("MockedResponses"), "MockedResponses")
        return {
            state: self.response(responses, str(response))
            for state, response in self.mapping(states, case_name).items()
        }

    def choose(self, known: Mapping[str, V], name: str | None, what: str) -> tuple[str, V]:
        if name is None and len(known) == 1:
            return next(iter(known.items()))
        if name is None or name not in known:
            asked = f"there is no {what} {name}" if name else f"it has several, name one {what}"
            raise self.refusal(asked, [f"it has {', '.join(sorted(known)) or 'none'}"])
        return name, known[name]

    def response(self, responses: Mapping[str, JsonValue], name: str) -> list[Reply]:
        if name not in responses:
            raise self.refusal(
                f"MockedResponses has no {name}", [f"it has {', '.join(sorted(responses)) or 'none'}"]
            )
        return self.numbered(self.mapping(responses[name], name), name)
