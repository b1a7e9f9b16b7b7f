"""Amazon States Language: validation, interpreter, TestState. Pure: no I/O, no clock, no threads.

An execution takes *signals* (what happened, with its time) and gives *effects* (what is to be done)::

    machine = compile_machine(definition, type="STANDARD")
    execution = Execution(machine, ExecutionStart(arn=..., name=..., input={}, started_at=0.0))
    effects = execution.start()
    while execution.status == "RUNNING":
        signal = ...                      # from carrying out effects, or from time
        effects = execution.apply(signal)

========================  =============================================================================
effect                    answered by
========================  =============================================================================
``StartTask``             ``TaskSucceeded`` or ``TaskFailed``; before these ``TaskStarted`` (activities),
                          ``TaskSubmitted`` (``.sync``, ``.waitForTaskToken``), ``TaskHeartbeat``
``CancelTask``            nothing: the answer of that task no longer counts
``ReadItems``             ``ItemsRead`` or ``ItemsUnreadable``
``WriteResults``          ``ResultsWritten`` or ``ResultsUnwritable``
``RecordMapRun``          nothing: state of a Map Run, for records
``RecordChild``           nothing: start or end of a child execution, for records
========================  =============================================================================

Without an effect come ``TimeReached`` (at ``execution.next_timer``), ``Continue`` (while
``execution.runnable``), ``Stop``, ``UpdateMapRun`` and ``Redrive``. The start record and the signals in their
order are the whole truth: :func:`replay` gives the same execution again, with the same history.
"""

from bunsui.asl.effects import (
    CancelTask,
    Effect,
    ReadItems,
    RecordChild,
    RecordMapRun,
    StartTask,
    WriteResults,
)
from bunsui.asl.errors import AslError, DefinitionError
from bunsui.asl.execution import Execution, replay
from bunsui.asl.history import History, HistoryEvent
from bunsui.asl.machine import Machine, compile_machine
from bunsui.asl.signals import (
    Continue,
    ItemsRead,
    ItemsUnreadable,
    Redrive,
    ResultsUnwritable,
    ResultsWritten,
    Signal,
    Stop,
    TaskFailed,
    TaskHeartbeat,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    UpdateMapRun,
)
from bunsui.asl.start import ExecutionStart

__all__ = [
    "AslError",
    "CancelTask",
    "Continue",
    "DefinitionError",
    "Effect",
    "Execution",
    "ExecutionStart",
    "History",
    "HistoryEvent",
    "ItemsRead",
    "ItemsUnreadable",
    "Machine",
    "ReadItems",
    "RecordChild",
    "RecordMapRun",
    "Redrive",
    "ResultsUnwritable",
    "ResultsWritten",
    "Signal",
    "StartTask",
    "Stop",
    "TaskFailed",
    "TaskHeartbeat",
    "TaskStarted",
    "TaskSubmitted",
    "TaskSucceeded",
    "TimeReached",
    "UpdateMapRun",
    "WriteResults",
    "compile_machine",
    "replay",
]
