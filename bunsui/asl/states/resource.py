"""Task resources: which family of events a call writes, and with which details."""

from __future__ import annotations

import re
from typing import Any

_ACTIVITY = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:activity:.+")
_SERVICE = re.compile(
    r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:[^:]+|[^:]+):([^:.]+)((?:\.[A-Za-z]+(?::\d+)?)?)$"
)


class Resource:
    """A parsed ``Resource``. ``owner`` is what causes about its result name."""

    __slots__ = ("action", "arn", "family", "owner", "pattern", "service")

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.service, self.action, self.pattern = "", "", ""
        self.owner = arn
        if _ACTIVITY.match(arn):
            self.family = "Activity"
        elif (match := _SERVICE.match(arn)) is not None:
            self.family = "Task"
            self.service, action, suffix = match.groups()
            self.pattern = suffix[1:]
            self.action = action + suffix
            self.owner = self.service
        else:
            self.family = "LambdaFunction"

    @property
    def has_token(self) -> bool:
        """Whether the answer comes with a task token."""
        return self.pattern == "waitForTaskToken" or self.family == "Activity"

    @property
    def is_submitted(self) -> bool:
        """Whether the request and the end of the work are two answers."""
        return bool(self.pattern)

    def scheduled(self, parameters: str, region: str, extra: dict[str, Any]) -> dict[str, Any]:
        """Details of the ``...Scheduled`` event; ``parameters`` is JSON text."""
        if self.family != "Task":
            return {"resource": self.arn, "input": parameters, **extra}
        return {**self.base(), "region": region, "parameters": parameters, **extra}

    def base(self) -> dict[str, Any]:
        """What every event of a service integration tells."""
        if self.family != "Task":
            return {}
        return {"resourceType": self.service, "resource": self.action}

    def failed(self, error: str | None, cause: str | None) -> dict[str, Any]:
        """Details of a failing event."""
        details = self.base()
        if error is not None:
            details["error"] = error
        if cause is not None:
            details["cause"] = cause
        return details
