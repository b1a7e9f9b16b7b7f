"""Puts a worker together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bunsui.core.control.handle import handle
from bunsui.core.control.ports import ControlPorts
from bunsui.local.blobs import FileBlobs
from bunsui.local.code import LocalCode
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.calls import Calls
from bunsui.local.engine.executions import Executions
from bunsui.local.exchange import FileExchange
from bunsui.local.identity import SystemClock
from bunsui.local.logs import FileLogs
from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.secrets import Secrets
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.store import SqliteStore
from bunsui.local.worker.carrier import TaskCarrier
from bunsui.local.worker.container_calls import ContainerCalls
from bunsui.local.worker.control_calls import ControlCalls
from bunsui.local.worker.driver import Driver
from bunsui.local.worker.ending import Endings
from bunsui.local.worker.inner_engine import InnerEngine
from bunsui.local.worker.intake import Intake
from bunsui.local.worker.integrations import Integrations
from bunsui.local.worker.lambda_calls import LambdaCalls
from bunsui.local.worker.ledger import Ledger
from bunsui.local.worker.mailbox import Mailbox
from bunsui.local.worker.programs import Programs
from bunsui.local.worker.runner_calls import Adopter, RunnerCalls


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts that the worker's life deals with."""

    database: Database
    executions: Executions
    calls: Calls
    mailbox: Mailbox
    driver: Driver
    carrier: TaskCarrier
    intake: Intake
    pool: LambdaPool
    containers: ContainerRunner


def assemble(data: DataDir, environment: Mapping[str, str]) -> Parts:
    """All parts over one database connection. `environment` is what handlers inherit."""
    database, mailbox, clock = Database(data.database), Mailbox(), SystemClock()
    store, blobs, exchange, code = (
        SqliteStore(database),
        FileBlobs(data.blobs),
        FileExchange(data.exchange),
        LocalCode(),
    )
    executions, calls = Executions(database), Calls(database)
    pool = LambdaPool(environment=environment)
    runner = ContainerRunner(runtime_dir=data.root / "runtime", environment=environment)
    programs = Programs(store, Secrets(environment))
    tokens: dict[str, tuple[int, str]] = {}
    ports = ControlPorts(
        store=store,
        blobs=blobs,
        engine=InnerEngine(executions, tokens, mailbox),
        exchange=exchange,
        code=code,
        clock=clock,
    )
    runners = RunnerCalls(
        store=store,
        calls=calls,
        ledger=Ledger(database, clock),
        logs=FileLogs(data.logs),
        spool=data.spool,
        mailbox=mailbox,
        clock=clock,
        adopters={
            "lambda": Adopter(pool.adopt, pool.cancel),
            "ecs": Adopter(runner.adopt, runner.stop),
        },
    )
    carrier = TaskCarrier(
        mailbox=mailbox,
        tokens=tokens,
        control=ControlCalls(lambda payload: handle(ports, payload), mailbox),
        functions=LambdaCalls(pool=pool, blobs=blobs, programs=programs, code=code),
        containers=ContainerCalls(runner=runner, exchange=exchange, programs=programs, code=code),
        runners=runners,
        integrations=Integrations(),
        on_end=Endings(ports, executions).deal_with,
    )
    driver = Driver(database, mailbox, carrier)
    return Parts(
        database=database,
        executions=executions,
        calls=calls,
        mailbox=mailbox,
        driver=driver,
        carrier=carrier,
        intake=Intake(database, executions, driver, carrier, mailbox),
        pool=pool,
        containers=runner,
    )
