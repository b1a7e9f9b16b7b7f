"""After a crash: bring records and executions together again."""

from __future__ import annotations

from bunsui.core.control.others import attempt_ended, nudge_session
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.attempts import engine_start
from bunsui.core.session.definitions import definition_of
from bunsui.core.session.keys import claim_to_release
from bunsui.core.session.places import startable
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import ended_status, session_after
from bunsui.core.session.stop import end_attempts, open_attempts


async def reconcile(ports: SessionPorts) -> list[str]:
    """Start what was recorded and never started, close what ended unrecorded, end what is being stopped.

    Idempotent; returns one line per thing that was healed.
    """
    healed: list[str] = []
    for session in await ports.store.sessions.active():
        if session.stopping is not None:
            await end_attempts(ports, session)
        held = await _held(ports, session)
        for attempt in await open_attempts(ports, session):
            healed += await _heal(ports, session, attempt, start=attempt.run_id not in held)
        healed += await _settle(ports, session.id)
        await nudge_session(ports.control, session.id)
    return healed


async def carry_on(ports: SessionPorts, session_id: str) -> None:
    """See to it that a session goes on: whoever waits for it calls this now and then. Raises NotFound.

    An attempt whose caller died before it could start the execution is started, and jobs that were let
    go by a caller who died before it could tell them are told.
    """
    session = await ports.store.sessions.session(session_id)
    if session.status.ended:
        return
    if session.stopping is None:
        held = await _held(ports, session)
        for run in await ports.store.sessions.runs(session_id):
            if run.status is Status.CREATED and run.id not in held:
                attempt = await ports.store.sessions.attempt(session_id, run.id, run.attempt)
                await _heal(ports, session, attempt)
        await nudge_session(ports.control, session_id)
    await ports.engine.revive()


async def _held(ports: SessionPorts, session: Session) -> set[str]:
    """Runs that have not begun and may not yet."""
    runs = await ports.store.sessions.runs(session.id)
    created = {run.id for run in runs if run.status is Status.CREATED}
    maintenance = await ports.store.limits.maintenance(session.profile)
    if session.pause or (maintenance and maintenance.on):
        return created
    return created - {run.id for run in startable(session, runs)}


async def _heal(ports: SessionPorts, session: Session, attempt: Attempt, *, start: bool = True) -> list[str]:
    name = f"{session.id}/{attempt.run_id} attempt {attempt.number}"
    execution = await ports.engine.describe(attempt.execution)
    if execution is None and not start:
        return []
    if execution is None:
        run = await ports.store.sessions.run(session.id, attempt.run_id)
        await _start(ports, run, attempt)
        return [f"{name}: started, which was recorded and had not happened"]
    if execution.status == "RUNNING":
        return []
    status = ended_status(execution)
    await attempt_ended(ports.control, session.id, attempt.run_id, attempt.number, status, execution.failure)
    return [f"{name}: closed as {status.value}, which had happened and was not recorded"]


async def _start(ports: SessionPorts, run: Run, attempt: Attempt) -> None:
    version = await ports.store.pipelines.version(run.pipeline, attempt.definition)
    await ports.engine.start(engine_start(attempt, definition_of(version)))


async def _settle(ports: SessionPorts, session_id: str) -> list[str]:
    """A session is as its runs are."""
    session = await ports.store.sessions.session(session_id)
    after = session_after(session, await ports.store.sessions.runs(session_id), ports.clock.now())
    if after is session:
        return []
    released = await claim_to_release(ports.store, after)
    await ports.store.commit(Transaction(put=[after], delete=released))
    return [f"{session_id}: {after.status.value}"]
