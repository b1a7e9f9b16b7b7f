from __future__ import annotations

from dataclasses import replace

from bunsui.core.models.limit import Maintenance
from bunsui.core.ports.health import Check, Grade
from bunsui.core.ports.store import Transaction
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


async def test_maintenance_is_a_warning_as_long_as_it_lasts() -> None:
    runtime = await counting()
    runtime = replace(runtime, ports=replace(runtime.ports, health=StubHealth([])))
    store, name = runtime.ports.store, runtime.profile.name
    begun = Maintenance(profile=name, on=True, by="ann", at=runtime.ports.clock.now(), reason="new disk")
    await store.commit(Transaction(put=[begun]))
    result = await invoke(runtime, "ops_doctor", {}, MODEL)
    assert result.summary == "1 warning"
    text = str(result.document()["checks"])
    assert "by ann: nothing begins" in text
    assert "bunsui ops maintenance off" in text
    assert "new disk" not in text, "what somebody wrote has no place among our own words"
    await store.commit(Transaction(put=[begun.next(on=False)]))
    assert (await invoke(runtime, "ops_doctor", {}, MODEL)).document()["checks"] == []
