"""What a tool may touch: the ports, the profile, who calls, and a way to report progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import StoredPlan
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.retention import Retention

if TYPE_CHECKING:
    from bunsui.core.ports.health import Health
    from bunsui.core.ports.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Named settings that a tool may see. `protected` marks production."""

    name: str = "default"
    protected: bool = False
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. `actor` is a name for the records: the user of the machine, or a client's name."""

    kind: CallerKind
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long call is: `done` of `total` (None: unknown), and one line of our own words."""

    message: str
    done: int
    total: int | None = None


Emit = Callable[[Progress], Awaitable[None]]


async def silent(progress: Progress) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports(SessionPorts):
    """The backend, port by port."""

    health: Health
    storage: Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What every handler and every plan function gets. `plan` is the approved plan to be carried out."""

    ports: Ports
    profile: Profile
    caller: Caller
    emit: Emit = silent
    plan: StoredPlan | None = None
