"""Faults: what goes wrong in a test, however the mocks answer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bunsui.asl import StartTask
from bunsui.core.simulation import Reply, names_of

On = int | Iterable[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to some calls of a state, function or resource `name`.

    `on` are the numbers of the calls, from 1; None is every call. `chance` is the probability for each.
    """

    name: str
    on: frozenset[int] | None
    change: Callable[[Reply], Reply]
    replaces: bool
    chance: float = 1.0

    def strikes(self, number: int, dice: random.Random) -> bool:
        """Whether call `number` is struck."""
        chosen = self.on is None or number in self.on
        return chosen and (self.chance >= 1.0 or dice.random() < self.chance)


def fail(
    name: str,
    error: str = "States.TaskFailed",
    cause: str | None = "injected",
    *,
    on: On = 1,
    chance: float = 1.0,
) -> Fault:
    """Fail calls: the first one, unless `on` says otherwise. The mock is not asked then."""
    thrown = Reply.thrown(error, cause)
    return Fault(name=name, on=_numbers(on), change=lambda _: thrown, replaces=True, chance=chance)


def time_out(name: str, *, on: On = 1, chance: float = 1.0) -> Fault:
    """Let calls run into their timeout, or, where the state has none, into that of the service."""
    reply = Reply.timed_out()
    return Fault(name=name, on=_numbers(on), change=lambda _: reply, replaces=True, chance=chance)


def delay(name: str, seconds: float, *, on: On = None, chance: float = 1.0) -> Fault:
    """Answer calls so much later: all of them, unless `on` says otherwise."""
    return Fault(
        name=name, on=_numbers(on), change=lambda reply: reply.after(seconds), replaces=False, chance=chance
    )


class Faulty:
    """An answer function with faults in front of it; `seed` decides what is left to chance."""

    def __init__(self, answer: Callable[[StartTask], Reply], faults: Sequence[Fault], seed: str) -> None:
        self._answer = answer
        self._faults = faults
        self._dice = random.Random(f"faults {seed}")
        self._calls: Counter[int] = Counter()

    def __call__(self, task: StartTask) -> Reply:
        """The reply to a call, as the faults leave it."""
        struck = self._struck(task)
        replacing = next((fault for fault in struck if fault.replaces), None)
        reply = self._answer(task) if replacing is None else replacing.change(Reply.silent())
        for fault in struck:
            reply = reply if fault.replaces else fault.change(reply)
        return reply

    def _struck(self, task: StartTask) -> list[Fault]:
        names, struck = set(names_of(task)), list[Fault]()
        for at, fault in enumerate(self._faults):
            if fault.name in names:
                self._calls[at] += 1
                struck += [fault] if fault.strikes(self._calls[at], self._dice) else []
        return struck


def _numbers(on: On) -> frozenset[int] | None:
    if on is None:
        return None
    return frozenset((on,)) if isinstance(on, int) else frozenset(on)
