"""Run a state machine in process, under virtual time, with replies in place of services. Pure.

`Simulation` drives one execution; `load_mocks` reads replies from a file; `trace` turns a history into a tree
of states.
"""

from bunsui.core.simulation.definition import Definition, read_machine
from bunsui.core.simulation.mock_file import load_mocks
from bunsui.core.simulation.mocks import Mocks, Replies, function_of, names_of
from bunsui.core.simulation.picture import picture
from bunsui.core.simulation.reply import Reply
from bunsui.core.simulation.simulation import CallRecord, Simulation, Stuck
from bunsui.core.simulation.trace import Step, Tracer, trace

__all__ = [
    "CallRecord",
    "Definition",
    "Mocks",
    "Replies",
    "Reply",
    "Simulation",
    "Step",
    "Stuck",
    "Tracer",
    "function_of",
    "load_mocks",
    "names_of",
    "picture",
    "read_machine",
    "trace",
]
