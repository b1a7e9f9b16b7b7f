"""What the use cases of sessions stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.clock import Clock, Ids
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.engine import Engine
from bunsui.core.ports.exchange import Exchange
from bunsui.core.ports.logs import Logs
from bunsui.core.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """The ports of one profile. `backend` decides which definitions can run."""

    store: Store
    blobs: Blobs
    logs: Logs
    engine: Engine
    exchange: Exchange
    code: CodeVersions
    clock: Clock
    ids: Ids
    backend: Literal["local", "aws"] = "local"
