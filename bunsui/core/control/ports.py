"""What control stands on, the same on both backends."""

from __future__ import annotations

from dataclasses import dataclass, field

from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.clock import Clock
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.engine import Engine
from bunsui.core.ports.exchange import Exchange
from bunsui.core.ports.store import Store
from bunsui.core.session.definitions import Definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPorts:
    """The ports of one profile. `definitions` remembers versions that have been read, which never change."""

    store: Store
    blobs: Blobs
    engine: Engine
    exchange: Exchange
    code: CodeVersions
    clock: Clock
    definitions: Definitions = field(default_factory=Definitions)
