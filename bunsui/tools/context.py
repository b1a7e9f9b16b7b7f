"""What a tool may touch: the ports, the profile, who calls, and a way to report progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bunsui.core.models.audit import CallerKind

if TYPE_CHECKING:
    from bunsui.core.ports.blobs import Blobs
    from bunsui.core.ports.clock import Clock, Ids
    from bunsui.core.ports.code import CodeVersions
    from bunsui.core.ports.engine import Engine
    from bunsui.core.ports.exchange import Exchange
    from bunsui.core.ports.health import Health
    from bunsui.core.ports.logs import Logs
    from bunsui.core.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Named settings that a tool may see. `protected` marks production."""

    name: str = "default"
    backend: Literal["local", "aws"] = "local"
    protected: bool = False


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
class Ports:
    """The backend, port by port."""

    store: Store
    blobs: Blobs
    logs: Logs
    engine: Engine
    exchange: Exchange
    code: CodeVersions
    health: Health
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What every handler and every plan function gets."""

    ports: Ports
    profile: Profile
    caller: Caller
    emit: Emit = silent
