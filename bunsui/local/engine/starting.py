"""From a start as the core asks for it to the start record of the engine."""

from __future__ import annotations

from bunsui.core.ports.engine import EngineStart
from bunsui.local.engine.executions import NewExecution, Options, Owner

REGION = "us-east-1"
ACCOUNT = "000000000000"


def new_execution(start: EngineStart, now: float, options: Options | None = None) -> NewExecution:
    """The execution of an attempt. `now` is in epoch seconds; the seed of all randomness is the name."""
    machine = f"bunsui-{start.run_id}"
    prefix = f"arn:aws:states:{REGION}:{ACCOUNT}"
    return NewExecution(
        name=start.name,
        definition=start.definition,
        start={
            "arn": f"{prefix}:execution:{machine}:{start.name}",
            "name": start.name,
            "input": start.input,
            "started_at": now,
            "state_machine_arn": f"{prefix}:stateMachine:{machine}",
            "state_machine_name": machine,
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/bunsui-local",
            "seed": start.name,
            "region": REGION,
        },
        created_at=round(now * 1_000_000),
        owner=Owner(session_id=start.session_id, run_id=start.run_id, attempt=start.attempt),
        options=options or Options(),
    )
