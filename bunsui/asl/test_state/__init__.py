"""TestState: run one state of a definition, with its work mocked, and see what happens to the data.

The state runs in the interpreter itself; only what a Task calls, and the branches or iterations of a
Parallel or Map state, are replaced by the mock.
"""

from bunsui.asl.test_state.mock_schema import Shape, ShapeSource
from bunsui.asl.test_state.request import TestStateError
from bunsui.asl.test_state.run import test_state

__all__ = ["Shape", "ShapeSource", "TestStateError", "test_state"]
