"""A client that is killed in the middle of a call leaves nothing running that it should not."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
import uvicorn
from mcp import types

from bunsui.core.models.plan import PlanState
from bunsui.core.models.session import Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import SessionQuery, Transaction
from bunsui.tools.decision import decide
from bunsui.tools.runtime import Runtime
from bunsui_mcp.address import SILENT_SECONDS, Address, listener
from bunsui_mcp.application import create
from bunsui_mcp.exchanges import Exchange
from bunsui_mcp.http import application
from bunsui_mcp.sources import Context, Sources, ToolAnswer
from bunsui_mcp.watching import Patience
from tests.conftest import ROOT
from tests.mcp.conformance.fixtures import FixtureCompletions, FixturePrompts, FixtureResources
from tests.mcp.conformance.server import MemoryEvents, Started, running
from tests.mcp.connections import ERAS, LEGACY, MODERN, document, listening, opened, over_http
from tests.unit.tools.helpers import PERSON

pytestmark = pytest.mark.timeout(180)  # server and client processes, on a machine that may be busy

T = TypeVar("T")
SOON = 5.0
"""Seconds; about one on a machine that has nothing else to do. The calls themselves wait for an hour."""
IDLE = SOON + 1
"""Seconds until an idle session ends: long enough that it is not this that ends a call."""
SESSION = "20260101-waited"
PIPELINE = "bunsui: 1\nname: one\njobs:\n  only:\n    lambda: {handler: handlers:only}\n"


@asynccontextmanager
async def client(**given: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A client process; killed at the end, if the test has not done it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.mcp.one_client",
        json.dumps(given),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def says(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(40):
        assert (await process.stdout.readline()).decode().strip() == line


async def becomes(look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], within: float = SOON) -> T:
    """What `look` finds, as soon as it is what is wanted."""
    async with asyncio.timeout(within):
        while not wanted(found := await look()):  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.01)
    return found


@pytest.fixture
async def runtime(data_dir: Path) -> AsyncIterator[Runtime]:
    """The data directory that the server works on, seen from the test, with a session that does not end."""
    async with opened(data_dir) as runtime:
        now = runtime.ports.clock.now()
        waited = Session(
            id=SESSION,
            profile="local",
            status=Status.RUNNING,
            created_by="ann",
            created_at=now,
            updated_at=now,
        )
        await runtime.ports.store.commit(Transaction(put=[waited]))
        yield runtime


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BUNSUI_WORKER_IDLE", "0.5")
    path = tmp_path / "project"
    path.mkdir()
    (path / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (path / "handlers.py").write_text("def only(event, context): ...\n", encoding="utf-8")
    return str(path)


async def kinds(runtime: Runtime) -> list[str]:
    return [entry.kind for entry in await runtime.ports.store.audit.entries(limit=100)]


async def plan_state(runtime: Runtime) -> PlanState:
    (plan,) = await runtime.ports.store.plans.plans()
    return plan.state


async def started(runtime: Runtime) -> list[str]:
    found = await runtime.ports.store.sessions.find(SessionQuery(profile="local", limit=10))
    return [one.id for one in found.items if one.id != SESSION]


# Over HTTP, a server process


@pytest.mark.parametrize("era", ERAS)
async def test_a_wait_ends_with_its_client(
    era: str, bunsui_command: Path, data_dir: Path, runtime: Runtime
) -> None:
    waits = {"tool": "session_wait", "arguments": {"session": SESSION, "timeout": 3_600}}
    async with listening(bunsui_command, data_dir, talks=True) as server:
        async with client(url=server.url, headers=server.headers, era=era, **waits) as killed:
            await says(killed, "goes on")
            killed.kill()
            await server.told(r"tools/call \S+ (ended) with its connection", within=SOON)
        async with over_http(server, era=era) as other:
            assert document(await other.call_tool("session_list", {}))["sessions"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_that_waits_for_a_decision_stays_pending(
    era: str, bunsui_command: Path, data_dir: Path, runtime: Runtime, folder: str
) -> None:
    given = {"pipelines": [folder]}
    async with listening(bunsui_command, data_dir, "--allow-write", talks=True) as server:
        async with over_http(server, era=era) as first:
            refusal = document(await first.call_tool("session_start", given))
        await server.told(r"(tools/call) \S+ began")
        plan = refusal["details"]["plan_id"]
        repeated = {"tool": "session_start", "arguments": {**given, "plan_id": plan}}
        async with client(url=server.url, headers=server.headers, era=era, **repeated) as killed:
            await server.told(r"(tools/call) \S+ began")
            killed.kill()
            await server.told(r"tools/call \S+ (ended) with its connection", within=SOON)
        assert await plan_state(runtime) is PlanState.PENDING
        last = (await runtime.ports.store.audit.entries(limit=100))[-1]
        assert (last.kind, last.data["code"], last.data["plan_id"]) == ("denied", "cancelled", plan)
        await decide(runtime, plan, PERSON)
        assert await started(runtime) == []
        async with over_http(server, era=era) as other:
            done = document(await other.call_tool("session_start", {**given, "plan_id": plan}))
        assert await started(runtime) == [done["id"]]


@pytest.mark.parametrize("over", ["http", "stdio"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_change_that_is_carried_out_is_carried_to_its_end(
    era: str, over: str, bunsui_command: Path, data_dir: Path, runtime: Runtime, folder: str
) -> None:
    """Killed as soon as it is allowed: what follows commits, starts a worker and is recorded."""
    given = {"pipelines": [folder]}
    async with listening(bunsui_command, data_dir, "--allow-write") as server:
        async with over_http(server, era=era) as first:
            plan = document(await first.call_tool("session_start", given))["details"]["plan_id"]
        await decide(runtime, plan, PERSON)
        words = [str(bunsui_command), "mcp", "serve", "--allow-write", "--data-dir", str(data_dir)]
        to = {"url": server.url, "headers": server.headers} if over == "http" else {"command": words}
        repeated = {"tool": "session_start", "arguments": {**given, "plan_id": plan}}
        async with client(**to, era=era, **repeated) as killed:
            await becomes(lambda: kinds(runtime), lambda found: "allowed" in found, within=40)
            killed.kill()
            found = await becomes(lambda: kinds(runtime), lambda found: found[-1] != "allowed", within=40)
    assert found[-1] == "done"
    assert await plan_state(runtime) is PlanState.USED
    (session,) = await started(runtime)
    (run,) = await runtime.ports.store.sessions.runs(session)
    assert await runtime.ports.engine.describe(
        (await runtime.ports.store.sessions.attempt(session, run.id, 1)).execution
    )


# Over stdio


@pytest.mark.parametrize("what", ["wait", "dialogue"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_server_over_stdio_ends_with_its_client(
    era: str, what: str, bunsui_command: Path, data_dir: Path, runtime: Runtime, folder: str
) -> None:
    command = [str(bunsui_command), "mcp", "serve", "--allow-write"]
    waits = {"tool": "session_wait", "arguments": {"session": SESSION, "timeout": 3_600}}
    asks = {"tool": "session_start", "arguments": {"pipelines": [folder]}, "dialogue": True}
    async with client(command=command, era=era, **(waits if what == "wait" else asks)) as killed:
        await says(killed, "goes on" if what == "wait" else "asked")
        servers = [one for one in psutil.Process(killed.pid).children() if "serve" in one.cmdline()]
        assert len(servers) == 1
        killed.kill()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, servers, SOON)
    assert (len(gone), alive) == (1, [])
    if what == "dialogue":
        assert await plan_state(runtime) is PlanState.PENDING
        assert await started(runtime) == []
        assert "allowed" not in await kinds(runtime)


# Over HTTP, a server in this process, whose tasks can be counted


@dataclass
class Waits:
    """A tool that never answers, and how often it is being called."""

    running: Counter[str] = field(default_factory=Counter)

    async def listed(self) -> Sequence[types.Tool]:
        return [types.Tool(name="wait", input_schema={"type": "object"})]

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> ToolAnswer:
        self.running[params.name] += 1
        await ctx.session.report_progress(1, 2, "waits")
        try:
            await asyncio.Event().wait()
        finally:
            self.running[params.name] -= 1
        raise AssertionError

    async def called(self) -> int:
        return self.running["wait"]


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")
    async with running(Started(config)) as port:
        yield f"http://127.0.0.1:{port}/mcp"


async def tasks() -> int:
    return len(asyncio.all_tasks())


@pytest.mark.parametrize("era", ERAS)
async def test_no_task_is_left_behind(era: str) -> None:
    """Fifty clients are killed in the middle of their calls; sessions end when they were idle for a while."""
    waits, exchanges, count = Waits(), set[Exchange](), 50
    sources = Sources(
        tools=waits, resources=FixtureResources(), prompts=FixturePrompts(), completions=FixtureCompletions()
    )
    app = application(create(sources, ""), Address("127.0.0.1", 0), None, exchanges=exchanges, idle=IDLE)
    async with serving(app) as url:
        before, memory = await tasks() + 1, []  # one task of sse-starlette looks for the end of the server
        for _ in range(2):
            async with client(url=url, era=era, tool="wait", arguments={}, count=count) as killed:
                await becomes(waits.called, lambda called: called == count, within=40)
                assert len(exchanges) >= count
                killed.kill()
                await becomes(waits.called, lambda called: called == 0)
            await becomes(tasks, lambda now: now <= before, within=IDLE + SOON)
            assert not exchanges
            gc.collect()
            memory.append(psutil.Process(os.getpid()).memory_info().rss / 2**20)
    assert memory[1] - memory[0] < 0.25 * count + 2


async def connections(port: int) -> int:
    """Those that are open at the server, which is this process."""
    found = psutil.Process(os.getpid()).net_connections("tcp")
    return sum(one.status == "ESTABLISHED" and one.laddr.port == port for one in found)


async def test_a_stream_that_can_be_resumed_does_not_end_its_call() -> None:
    """With an event store a client may come back for the result, so its calls are not tied to a stream."""
    waits = Waits()
    sources = Sources(
        tools=waits, resources=FixtureResources(), prompts=FixturePrompts(), completions=FixtureCompletions()
    )
    app = application(create(sources, ""), Address("127.0.0.1", 0), None, events=MemoryEvents())
    async with serving(app) as url:
        async with client(url=url, era=LEGACY, tool="wait", arguments={}) as killed:
            await becomes(waits.called, lambda called: called == 1, within=40)
            killed.kill()
        port = int(url.split(":")[2].split("/")[0])
        await becomes(lambda: connections(port), lambda found: found == 0)
        assert await waits.called() == 1


class Looked(FixtureResources):
    """Counts how often the server looked whether something changed."""

    looks = 0

    async def changed(self, timeout: float) -> None:
        self.looks += 1
        await super().changed(timeout)

    async def looked(self) -> int:
        return self.looks


async def watchers() -> int:
    return sum(task.get_name().startswith("bunsui_mcp") for task in asyncio.all_tasks())


@pytest.mark.parametrize(("era", "dies"), [(LEGACY, "killed"), (LEGACY, "stopped"), (MODERN, "killed")])
async def test_a_subscription_ends_with_its_client(era: str, dies: str) -> None:
    """Killed, or still connected but not reading: the handshake era has no end of a subscription."""
    resources, patience = Looked(), Patience(ping=0.2, answer=2.0)
    sources = Sources(
        tools=Waits(), resources=resources, prompts=FixturePrompts(), completions=FixtureCompletions()
    )
    app = application(create(sources, "", patience=patience), Address("127.0.0.1", 0), None)
    count = 2 if era == LEGACY else 1
    async with (
        serving(app) as url,
        client(url=url, era=era, subscribe="test://watched-resource") as subscriber,
    ):
        await says(subscriber, "subscribed")
        await becomes(resources.looked, lambda looks: looks >= 4)
        assert await watchers() == count, "it answers, and stays"
        process = psutil.Process(subscriber.pid)
        process.kill() if dies == "killed" else process.suspend()
        await becomes(watchers, lambda now: now == 0, within=SOON + patience.answer)


async def test_silent_connections_are_given_up() -> None:
    """A half-open connection, whose other end vanished without a word, is closed by the system."""
    with listener(Address("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()[:2]):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            until = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert until == SILENT_SECONDS * 1_000
            assert accepted.proto == socket.IPPROTO_TCP  # asyncio sends small answers at once only then


# The other way round: the server goes


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_is_told_to_stop_ends_the_calls_that_wait(
    era: str, bunsui_command: Path, data_dir: Path, runtime: Runtime
) -> None:
    waits = {"tool": "session_wait", "arguments": {"session": SESSION, "timeout": 3_600}}
    async with (
        listening(bunsui_command, data_dir) as server,
        client(url=server.url, headers=server.headers, era=era, **waits) as waiting,
    ):
        await says(waiting, "goes on")
        server.process.terminate()
        async with asyncio.timeout(SOON):
            await server.process.wait()
        async with asyncio.timeout(40):
            assert await waiting.wait() == 1


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_is_told_to_stop_waits_for_a_change(
    era: str, bunsui_command: Path, data_dir: Path, runtime: Runtime, folder: str
) -> None:
    given = {"pipelines": [folder]}
    async with listening(bunsui_command, data_dir, "--allow-write") as server:
        async with over_http(server, era=era) as first:
            plan = document(await first.call_tool("session_start", given))["details"]["plan_id"]
        await decide(runtime, plan, PERSON)
        repeated = {"tool": "session_start", "arguments": {**given, "plan_id": plan}}
        async with client(url=server.url, headers=server.headers, era=era, **repeated):
            await becomes(lambda: kinds(runtime), lambda found: "allowed" in found, within=40)
            server.process.terminate()
            async with asyncio.timeout(40):
                await server.process.wait()
    assert (await kinds(runtime))[-1] == "done"
    assert await plan_state(runtime) is PlanState.USED


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_outlives_the_server_that_made_it(
    era: str, bunsui_command: Path, data_dir: Path, runtime: Runtime, folder: str
) -> None:
    given = {"pipelines": [folder]}
    async with (
        listening(bunsui_command, data_dir, "--allow-write") as server,
        over_http(server, era=era) as first,
    ):
        plan = document(await first.call_tool("session_start", given))["details"]["plan_id"]
        server.process.kill()
        await server.process.wait()
    await decide(runtime, plan, PERSON)
    async with (
        listening(bunsui_command, data_dir, "--allow-write") as server,
        over_http(server, era=era) as other,
    ):
        done = document(await other.call_tool("session_start", {**given, "plan_id": plan}))
    assert await started(runtime) == [done["id"]]
