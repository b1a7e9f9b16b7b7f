"""One child execution of a Map Run."""

from __future__ import annotations

from bunsui.asl.effects import RecordChild
from bunsui.asl.payload import dump
from bunsui.asl.states.writer import ChildRecord
from bunsui.asl.strand import Engine
from bunsui.asl.timers import Timer


class Child:
    """A child execution; ``items`` is the number of items that it works on.

    ``recorded`` tells whether its start was shown to the driver.
    """

    __slots__ = ("execution", "index", "items", "recorded", "timer")

    def __init__(self, execution: Engine, index: int, items: int) -> None:
        self.execution = execution
        self.index = index
        self.items = items
        self.timer: Timer | None = None
        self.recorded = False

    def quiet(self) -> None:
        """Cancel the timer that stands for the child's own timers."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def record(self) -> ChildRecord:
        """How the child stands now."""
        execution, start = self.execution, self.execution.record_of_start
        done = execution.status == "SUCCEEDED"
        return ChildRecord(
            execution_arn=start.arn,
            name=start.name,
            machine_arn=start.state_machine_arn,
            status=execution.status,
            input=execution.history.raw[0][3]["input"],
            output=dump(execution.output).decode() if done else None,
            error=execution.error,
            cause=execution.cause,
            started_at=start.started_at,
            ended_at=execution.ended_at,
            redrives=len(execution.redrives),
        )

    def effect(self, map_run_arn: str, record: ChildRecord | None = None) -> RecordChild:
        """The record for the driver."""
        record = record or self.record()
        return RecordChild(
            map_run_arn=map_run_arn,
            execution_arn=record.execution_arn,
            name=record.name,
            status=record.status,
            started_at=record.started_at,
            ended_at=record.ended_at,
            input=record.input,
            output=record.output,
            error=record.error,
            cause=record.cause,
            # A redrive goes on with the same history; what was recorded stays as it was.
            history=() if record.status == "RUNNING" else tuple(self.execution.history.raw),
        )
