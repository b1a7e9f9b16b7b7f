"""What users need to test their own pipelines and state machines.

::

    from bunsui.testing import fail, run

    result = run(
        Path("order.asl.json"), {"order": 7}, mocks={"Charge": {"paid": True}}, faults=[fail("Charge")]
    )
    result.assert_succeeded()
    result.assert_path("Charge", "Ship")
    result.assert_called("Charge", times=2)

Names are loaded when they are first asked for: the pytest plugin is loaded in every test run of an
environment that has bunsui, and must cost nothing there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bunsui.testing.faults import Fault, delay, fail, time_out
    from bunsui.testing.mocking import (
        Mock,
        TaskError,
        in_turn,
        never,
        returns,
        throws,
    )
    from bunsui.testing.outcome import MachineRun
    from bunsui.testing.running import run
    from bunsui.testing.state import StateRun, run_state

__all__ = [
    "Fault",
    "MachineRun",
    "Mock",
    "StateRun",
    "TaskError",
    "delay",
    "fail",
    "in_turn",
    "never",
    "returns",
    "run",
    "run_state",
    "throws",
    "time_out",
]

_MODULES = {
    "Fault": "faults",
    "MachineRun": "outcome",
    "StateRun": "state",
    "delay": "faults",
    "fail": "faults",
    "run": "running",
    "run_state": "state",
    "time_out": "faults",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module 'bunsui.testing' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - see the docstring

    value: object = getattr(import_module(f"bunsui.testing.{_MODULES.get(name, 'mocking')}"), name)
    globals()[name] = value
    return value
