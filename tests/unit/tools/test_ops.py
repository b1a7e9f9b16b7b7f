from __future__ import annotations

from dataclasses import replace

from bunsui.core.ports.health import Check, Grade
from bunsui.tools.invoke import invoke
from tests.unit.tools.helpers import MODEL, StubHealth, counting


async def test_the_worst_check_comes_first() -> None:
    runtime = await counting()
    found = [
        Check(name="disk", grade=Grade.OK, message="fine"),
        Check(name="worker", grade=Grade.FAILED, message="\x1b[31mgone", fix="start it"),
        Check(name="python", grade=Grade.WARNING, message="old"),
    ]
    runtime = replace(runtime, ports=replace(runtime.ports, health=StubHealth(found)))
    result = await invoke(runtime, "ops_doctor", {}, MODEL)
    document = result.document()
    assert document["ok"] is False
    assert [check["name"] for check in document["checks"]] == [  # type: ignore[index, union-attr, call-overload]
        "worker",
        "python",
        "disk",
    ]
    assert result.summary == "1 ok, 1 warning, 1 failed"
