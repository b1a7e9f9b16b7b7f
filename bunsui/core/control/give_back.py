"""After the report of a call: a place that its map has no calls for any more goes to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.core.control.others import let_go
from bunsui.core.control.places import Calls, has_spare
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place


async def give_back(ports: ControlPorts, call: Mapping[str, Any]) -> None:
    """Look whether the map still needs all its places, unless no limit counts them.

    Raises NotFound for an unknown attempt.
    """
    places = call.get("places")
    if not isinstance(places, Mapping):
        return
    place = Place(str(call["session"]), str(call["run"]), int(call["attempt"]), str(call["job"]))
    if await has_spare(ports, place, Calls(int(places["most"]), int(places["size"]))):
        await let_go(ports, (place.session_id, place.run_id, place.attempt))
