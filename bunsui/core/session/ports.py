"""What the use cases of sessions stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bunsui.core.control.ports import ControlPorts
from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.clock import Clock, Ids
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.engine import Engine
from bunsui.core.ports.exchange import Exchange
from bunsui.core.ports.logs import Logs
from bunsui.core.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """The ports of one profile. `backend` decides which definitions can run, `pools` holds units by name."""

    store: Store
    blobs: Blobs
    logs: Logs
    engine: Engine
    exchange: Exchange
    code: CodeVersions
    clock: Clock
    ids: Ids
    backend: Literal["local", "aws"] = "local"
    pools: Mapping[str, int] = field(default_factory=dict)

    @property
    def control(self) -> ControlPorts:
        """What control needs of them."""
        return ControlPorts(
            store=self.store,
            blobs=self.blobs,
            engine=self.engine,
            exchange=self.exchange,
            code=self.code,
            clock=self.clock,
        )
