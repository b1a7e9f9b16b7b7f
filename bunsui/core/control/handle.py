"""The function `bunsui-control`: served by the worker locally, by one Lambda on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.control.ask import ask
from bunsui.core.control.begin import begin
from bunsui.core.control.end import end
from bunsui.core.control.finish import finish
from bunsui.core.control.hold import hold
from bunsui.core.control.item import record_items
from bunsui.core.control.others import attempt_ended
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place
from bunsui.core.models.base import JsonValue
from bunsui.errors import Held, UsageError

__all__ = ["attempt_ended", "handle"]


async def handle(ports: ControlPorts, payload: Mapping[str, JsonValue]) -> JsonValue:
    """Serve one call of a compiled machine, each idempotent: begin, ask, item, hold, finish or end.

    Raises UsageError for a payload that no machine of ours sends, and as the operations do.
    """
    try:
        place = Place(
            session_id=str(payload["session"]),
            run_id=str(payload["run"]),
            attempt=int(str(payload["attempt"])),
            job=str(payload.get("job", "")),
        )
        operation = payload["op"]
    except (KeyError, ValueError) as exc:
        raise UsageError(f"A call of control lacks or misspells {exc}.") from exc
    match operation:
        case "begin":
            await begin(ports, place, str(payload["token"]))
        case "ask":
            await ask(ports, place, str(payload["token"]))
        case "finish":
            outcome = payload.get("outcome")
            await finish(ports, place, outcome if isinstance(outcome, dict) else {})
        case "item":
            if await record_items(ports, payload):
                raise Held(f"Session {place.session_id} is held: no other item begins.")
        case "hold":
            await hold(ports, place, payload)
        case "end":
            return await end(ports, place)
        case _:
            raise UsageError(f"Control knows begin, ask, item, hold, finish and end, not {operation!r}.")
    return {}
