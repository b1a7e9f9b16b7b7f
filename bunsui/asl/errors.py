"""Errors of the Amazon States Language engine.

::

    AslError
    ├── DefinitionError          a state machine definition that cannot be compiled
    ├── SyntaxProblem            an expression that cannot be parsed (has ``position``)
    │   ├── JsonPathError
    │   ├── IntrinsicError
    │   └── JsonataSyntaxError
    ├── JsonPathNotFound         a definite path that selects nothing
    ├── JsonataError             a JSONata expression that fails while it is evaluated
    │   └── UnsupportedResult
    └── StateFailure             an error of the running machine: ``States.*`` or a task's own
"""

from __future__ import annotations


class AslError(Exception):
    """Base of every error raised by :mod:`bunsui.asl`."""


class DefinitionError(AslError):
    """A definition that cannot be compiled; ``location`` is a JSON pointer into it."""

    def __init__(self, message: str, location: str = "") -> None:
        super().__init__(f"{message} at {location}" if location else message)
        self.message = message
        self.location = location


class SyntaxProblem(AslError):
    """An expression that cannot be parsed; ``position`` is the 0-based offset into ``text``."""

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(f"{message} (at position {position} of {text!r})")
        self.message = message
        self.text = text
        self.position = position

    @property
    def offset(self) -> int:
        """The same as ``position``."""
        return self.position


class JsonPathError(SyntaxProblem):
    """A JSONPath that cannot be parsed."""


class IntrinsicError(SyntaxProblem):
    """An intrinsic function call that cannot be parsed."""


class JsonataSyntaxError(SyntaxProblem):
    """A JSONata expression that cannot be parsed; ``code`` is JSONata's own, for instance S0207."""

    def __init__(self, message: str, text: str, position: int, code: str = "") -> None:
        super().__init__(message, text, position)
        self.code = code


class JsonPathNotFound(AslError):
    """A definite JSONPath that selects nothing in the document."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the path {path} selects nothing")
        self.path = path


class JsonataError(AslError):
    """A JSONata expression that fails while it is evaluated; ``code`` is JSONata's own or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.message = message
        self.code = code


class UnsupportedResult(JsonataError):
    """A JSONata expression whose value is no JSON value, such as a function."""


class StateFailure(AslError):
    """What Retry, Catch and the end of an execution see: an error name and a cause.

    ``aliases`` are further names that match; ``task`` marks the answer of a task itself.
    """

    def __init__(
        self, error: str | None, cause: str | None, *, aliases: tuple[str, ...] = (), task: bool = False
    ) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.aliases = aliases
        self.task = task
