"""Puts a worker together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bunsui.core.control.handle import handle
from bunsui.core.control.item import Report, report_of, reported
from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.base import JsonValue
from bunsui.core.ports.store import Store
from bunsui.core.session.ports import SessionPorts
from bunsui.local.blobs import FileBlobs
from bunsui.local.code import LocalCode
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.calls import Calls
from bunsui.local.engine.executions import Executions
from bunsui.local.exchange import FileExchange
from bunsui.local.identity import RandomIds, SystemClock
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


class Ground:
    """What everything stands on: one database connection, files, a clock, the mailbox."""

    def __init__(self, data: DataDir, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.database = Database(data.database)
        self.store: Store = SqliteStore(self.database)
        self.executions = Executions(self.database)
        self.calls = Calls(self.database)
        self.blobs = FileBlobs(data.blobs)
        self.exchange = FileExchange(data.exchange)
        self.logs = FileLogs(data.logs)
        self.code = LocalCode()
        self.clock = SystemClock()
        self.mailbox = Mailbox()
        self.tokens: dict[str, tuple[int, str]] = {}
        self.engine = InnerEngine(self.executions, self.tokens, self.mailbox)


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
    sessions: SessionPorts
    pool: LambdaPool
    containers: ContainerRunner


@dataclass(frozen=True, slots=True)
class ItemReports:
    """Reports about items, read by control over these ports."""

    ports: ControlPorts

    async def read(self, payload: Mapping[str, JsonValue]) -> Report:
        return await report_of(self.ports, payload)

    async def after(self, report: Report) -> None:
        await reported(self.ports, report)


def assemble(data: DataDir, environment: Mapping[str, str]) -> Parts:
    """All parts over one database connection. `environment` is what handlers inherit."""
    ground = Ground(data, environment)
    pool = LambdaPool(environment=environment)
    containers = ContainerRunner(runtime_dir=data.root / "runtime", environment=environment)
    runners = _runner_calls(ground, data, pool, containers)
    carrier = _carrier(ground, pool, containers, runners)
    driver = Driver(ground.database, ground.mailbox, carrier)
    return Parts(
        database=ground.database,
        executions=ground.executions,
        calls=ground.calls,
        mailbox=ground.mailbox,
        driver=driver,
        carrier=carrier,
        intake=Intake(ground.database, ground.executions, driver, carrier, ground.mailbox),
        pool=pool,
        containers=containers,
        sessions=_session_ports(ground),
    )


def _carrier(
    ground: Ground, pool: LambdaPool, containers: ContainerRunner, runners: RunnerCalls
) -> TaskCarrier:
    programs, code = Programs(ground.store, Secrets(ground.environment)), ground.code
    ports = ControlPorts(
        store=ground.store,
        blobs=ground.blobs,
        engine=ground.engine,
        exchange=ground.exchange,
        code=code,
        clock=ground.clock,
    )
    return TaskCarrier(
        mailbox=ground.mailbox,
        tokens=ground.tokens,
        control=ControlCalls(
            lambda payload: handle(ports, payload),
            ItemReports(ports),
            ground.mailbox,
        ),
        functions=LambdaCalls(pool=pool, blobs=ground.blobs, programs=programs, code=code),
        containers=ContainerCalls(runner=containers, exchange=ground.exchange, programs=programs, code=code),
        runners=runners,
        blobs=ground.blobs,
        integrations=Integrations(ground.environment),
        on_end=Endings(ports, ground.executions, ground.mailbox).deal_with,
    )


def _runner_calls(
    ground: Ground, data: DataDir, pool: LambdaPool, containers: ContainerRunner
) -> RunnerCalls:
    return RunnerCalls(
        store=ground.store,
        calls=ground.calls,
        ledger=Ledger(ground.database, ground.clock, ground.mailbox),
        logs=ground.logs,
        spool=data.spool,
        mailbox=ground.mailbox,
        clock=ground.clock,
        adopters={
            "lambda": Adopter(pool.adopt, pool.cancel),
            "ecs": Adopter(containers.adopt, containers.stop),
        },
    )


def _session_ports(ground: Ground) -> SessionPorts:
    return SessionPorts(
        store=ground.store,
        blobs=ground.blobs,
        logs=ground.logs,
        engine=ground.engine,
        exchange=ground.exchange,
        code=ground.code,
        clock=ground.clock,
        ids=RandomIds(ground.clock),
    )
