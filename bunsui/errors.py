"""Every error that a user of bunsui can see.

```
BunsuiError
├── UsageError            the call itself is wrong: option, argument, type
│   ├── ConfigError       a setting: file, line, key, nearest valid key
│   └── MissingExtra      an optional part that is not installed
├── DefinitionInvalid     a pipeline or state machine that cannot be used; carries all findings
├── NotFound              no such session, run, job, pipeline, plan
├── Conflict              the state does not allow it, or somebody else was first
│   ├── StalePlan         the plan was made over a state that has moved on
│   ├── Held              the session is held; only its state machine sees it
│   └── Blocked           nothing can run: an input is missing
├── PermissionDenied      the policy forbids it to this caller
├── ApprovalRequired      a person has to decide first; carries the plan id
├── ApprovalDenied        a person said no, or the approval expired
├── LimitExceeded         a limit of a service or of the policy; names limit and place
├── RunFailed             the work was done as asked and failed
├── StoreError            the data directory or a table
│   ├── StoreCorrupt      what was stored cannot be trusted
│   └── StoreFull         no space is left
├── Unavailable           worker, endpoint or service cannot be reached; may be tried again
│   ├── Throttled
│   └── UnderMaintenance  nothing is started until a person ends the maintenance
├── TimedOut              waited as long as asked
├── Cancelled             interrupted by the person
└── InternalError         a bug of ours
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class BunsuiError(Exception):
    """Base of all: a stable `code`, what happened and where, and what to do next.

    `details` holds JSON values for machines; it never holds secrets or untrusted log text.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        next_steps: Sequence[str] = (),
        details: Mapping[str, JsonValue] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_steps = tuple(next_steps)
        self.details = dict(details or {})

    def to_json(self) -> dict[str, JsonValue]:
        """The one error shape of every front end."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "next_steps": list(self.next_steps),
            "details": self.details,
        }


class UsageError(BunsuiError):
    """The call itself is wrong."""

    code = "usage"


class ConfigError(UsageError):
    """A setting is wrong; the message names file, line, key and the nearest valid key."""

    code = "invalid_config"


class MissingExtra(UsageError):
    """An optional part is not installed; the message names the extra."""

    code = "missing_extra"


class DefinitionInvalid(BunsuiError):
    """A definition cannot be used. `details["findings"]` holds every finding, not only the first."""

    code = "invalid_definition"


class NotFound(BunsuiError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"


class Conflict(BunsuiError):
    """The state does not allow it, or another caller was first; the message says who and what."""

    code = "conflict"


class StalePlan(Conflict):
    """The plan was made over a state that has moved on."""

    code = "stale_plan"


class Held(Conflict):
    """The session is held, and no other item of a map begins: control says so to the state machine."""


class Blocked(Conflict):
    """What was asked cannot run because something it needs is missing."""

    code = "blocked"


class PermissionDenied(BunsuiError):
    """The policy forbids this to this caller."""

    code = "permission_denied"


class ApprovalRequired(BunsuiError):
    """A person has to decide first. `details["plan_id"]` names the plan."""

    code = "approval_required"
    retryable = True


class ApprovalDenied(BunsuiError):
    """A person said no, or the approval expired."""

    code = "approval_denied"


class LimitExceeded(BunsuiError):
    """A limit of a service or of the policy."""

    code = "limit_exceeded"


class RunFailed(BunsuiError):
    """The work was carried out as asked and ended badly."""

    code = "run_failed"


class StoreError(BunsuiError):
    """The data directory or a table cannot be used."""

    code = "store_error"


class StoreCorrupt(StoreError):
    """What was stored cannot be trusted."""

    code = "store_corrupt"


class StoreFull(StoreError):
    """No space is left; nothing was recorded."""

    code = "store_full"
    retryable = True


class Unavailable(BunsuiError):
    """A worker, endpoint or service cannot be reached."""

    code = "unavailable"
    retryable = True


class Throttled(Unavailable):
    """A service asked us to slow down."""

    code = "throttled"


class UnderMaintenance(Unavailable):
    """The profile is in maintenance: nothing is started until it ends."""

    code = "maintenance"


class TimedOut(BunsuiError):
    """Waited as long as asked."""

    code = "timeout"
    retryable = True


class Cancelled(BunsuiError):
    """Interrupted by the person."""

    code = "cancelled"


class InternalError(BunsuiError):
    """A bug of ours."""

    code = "internal"


EXIT_STATUS: Mapping[str, int] = {
    "usage": 2,
    "invalid_config": 2,
    "missing_extra": 2,
    "invalid_definition": 1,
    "not_found": 3,
    "conflict": 1,
    "stale_plan": 1,
    "blocked": 1,
    "permission_denied": 4,
    "approval_required": 5,
    "approval_denied": 5,
    "limit_exceeded": 1,
    "run_failed": 1,
    "store_error": 1,
    "store_corrupt": 1,
    "store_full": 1,
    "unavailable": 6,
    "throttled": 6,
    "maintenance": 6,
    "timeout": 124,
    "cancelled": 130,
    "internal": 1,
}
"""Exit status of the command line for every code; a test proves that the table is total."""
