"""Errors of the API, with AWS's codes and texts."""

from __future__ import annotations


class ApiError(Exception):
    """What the API answers instead of a result.

    `code` and `reason`, which only some have, are AWS's, `status` is that of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 400, reason: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.reason = reason
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """A request that breaks the rules of a field."""
    return ApiError("ValidationException", message)


def missing(name: str) -> ApiError:
    """A field that must be there and is not."""
    problem = f"Value at '{name}' failed to satisfy constraint: Member must not be null"
    return invalid(f"1 validation error detected: {problem}")


def out_of_range(name: str, value: object, rule: str) -> ApiError:
    """A field whose value is none of the allowed."""
    return invalid(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must {rule}"
    )


def invalid_arn(arn: str, reason: str = "Invalid ARN prefix") -> ApiError:
    """An ARN of the wrong form or kind."""
    return ApiError("InvalidArn", f"Invalid Arn: '{reason}: {arn}'")


def no_machine(arn: str) -> ApiError:
    """No state machine has this ARN."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def no_execution(arn: str) -> ApiError:
    """No execution has this ARN."""
    return ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def no_activity(arn: str) -> ApiError:
    """No activity has this ARN."""
    return ApiError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


def not_found(arn: str) -> ApiError:
    """A version, alias, map run or tagged resource that is not there."""
    return ApiError("ResourceNotFound", f"Resource not found: '{arn}'")


def no_express(arn: str) -> ApiError:
    """The operation is not for this type of workflow."""
    return ApiError(
        "StateMachineTypeNotSupported",
        f"This operation is not supported by this type of state machine: '{arn}'",
    )
