"""Spool files of warm runners: each is written over by the next call, once its result is on the way.

A new file for every call would keep the disk busier than the results themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

RunnerT = TypeVar("RunnerT")


@dataclass(slots=True)
class _File:
    """A file and the state of the result in it. `answered`: a record of it is to be committed next."""

    answered: bool = False
    recorded: bool = False


class Spools(Generic[RunnerT]):
    """Who has which file. A file is of one runner, of one call that is about to be made, or of nobody."""

    def __init__(self) -> None:
        self._files: dict[Path, _File] = {}
        self._of: dict[RunnerT, Path] = {}

    def begin(self, runner: RunnerT, spool: Path) -> None:
        """A runner is about to write into the file."""
        if self._of.get(runner) != spool:
            self.drop(runner)
        self._files[spool] = _File()
        self._of[runner] = spool

    def answered(self, spool: Path) -> None:
        """The result is handed on, to be committed before any call that is recorded from now on is made."""
        if (file := self._files.get(spool)) is not None:
            file.answered = True

    def release(self, spool: Path) -> None:
        """Nobody is to go on using the file: what is in it must not stay there."""
        self._files.pop(spool, None)
        self._of = {runner: file for runner, file in self._of.items() if file != spool}

    def recorded(self, spool: Path) -> bool:
        """The result is committed. False: nobody here goes on using the file."""
        file = self._files.get(spool)
        if file is None:
            return False
        # A file without an answer is that of a later call by now.
        file.recorded = file.answered
        return True

    def take(self, runner: RunnerT) -> Path | None:
        """The file of a runner, for a call that is recorded next; None where its result is not handed on."""
        spool = self._of.get(runner)
        if spool is None or not self._files[spool].answered:
            return None
        del self._of[runner]
        return spool

    def give_back(self, runner: RunnerT, spool: Path) -> None:
        """The call was not made: the runner has its file again."""
        self._of[runner] = spool

    def abandon(self, spool: Path) -> None:
        """The call is over. Where no runner has begun it, nobody has the file any more."""
        if spool not in self._of.values():
            self._files.pop(spool, None)

    def drop(self, runner: RunnerT) -> None:
        """The runner is gone: remove its file, or leave that to who records the result."""
        spool = self._of.pop(runner, None)
        if spool is not None and self._files.pop(spool).recorded:
            spool.unlink(missing_ok=True)
