"""AWS's own runtime client against our Runtime API: the protocol is the one that it speaks."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import pytest

from bunsui.local.runners.runtime_api import Answer, RuntimeApi

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

HANDLERS = """
import os
from decimal import Decimal

def echo(event, context):
    return event

def describe(event, context):
    return {
        "id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "custom": context.client_context.custom,
        "remaining": context.get_remaining_time_in_millis(),
    }

class Refused(Exception):
    pass

def refuse(event, context):
    raise Refused("no")

def a_set(event, context):
    return {1}

def large(event, context):
    return "x" * event

def leave(event, context):
    os._exit(3)
"""


class AwsRuntime:
    """One process of AWS's runtime client on one Runtime API of ours."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.api = RuntimeApi()
        self.process: asyncio.subprocess.Process | None = None
        self.calls = 0

    async def start(self, handler: str) -> None:
        env = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": await self.api.start(),
            "PYTHONPATH": str(self.project),
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "awslambdaric", handler, env=env, stdout=asyncio.subprocess.DEVNULL
        )

    async def call(self, payload: bytes) -> Answer:
        await self.api.waiting
        self.calls += 1
        headers = {
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 30) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:local:000000000000:function:fn",
            "Lambda-Runtime-Client-Context": json.dumps({"custom": {"job": "fetch"}}),
        }
        answer = await self.api.hand_over(f"call-{self.calls}", headers, payload)
        assert answer is not None
        return answer

    async def close(self) -> None:
        self.api.close()
        if self.process is not None:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[AwsRuntime]:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    runtime = AwsRuntime(tmp_path)
    yield runtime
    await runtime.close()


async def test_calls_and_answers(runtime: AwsRuntime) -> None:
    await runtime.start("handlers.echo")
    for event in ({"a": [1, None, "分水"]}, "text", 7):
        answer = await runtime.call(json.dumps(event).encode())
        assert answer.status == "returned"
        assert json.loads(answer.body or b"") == event


async def test_context(runtime: AwsRuntime) -> None:
    await runtime.start("handlers.describe")
    seen = json.loads((await runtime.call(b"{}")).body or b"")
    assert seen.pop("remaining") in range(25_000, 30_001)
    assert seen == {
        "id": "call-1",
        "arn": "arn:aws:lambda:local:000000000000:function:fn",
        "custom": {"job": "fetch"},
    }


@pytest.mark.parametrize("handler,kind", [("refuse", "Refused"), ("a_set", "Runtime.MarshalError")])
async def test_errors(runtime: AwsRuntime, handler: str, kind: str) -> None:
    await runtime.start(f"handlers.{handler}")
    answer = await runtime.call(b"{}")
    assert answer.status == "failed"
    document = json.loads(answer.body or b"")
    assert document["errorType"] == kind
    assert document["requestId"] == "call-1"
    assert (await runtime.call(b"{}")).status == "failed"


@pytest.mark.parametrize(
    "handler,kind",
    [("handlers.missing", "Runtime.HandlerNotFound"), ("absent.handler", "Runtime.ImportModuleError")],
)
async def test_init_errors(runtime: AwsRuntime, handler: str, kind: str) -> None:
    await runtime.start(handler)
    document = json.loads(await runtime.api.init_error)
    assert document["errorType"] == kind
    assert runtime.process is not None
    assert await runtime.process.wait() == 1


async def test_answer_over_the_limit(runtime: AwsRuntime) -> None:
    await runtime.start("handlers.large")
    assert len((await runtime.call(b"6291554")).body or b"") == 6_291_556
    assert (await runtime.call(b"6291555")).body is None


async def test_exit_is_seen_as_the_end_of_the_process(runtime: AwsRuntime) -> None:
    await runtime.start("handlers.leave")
    answer = asyncio.create_task(runtime.call(b"{}"))
    await runtime.api.waiting
    assert runtime.process is not None
    assert await runtime.process.wait() == 3
    answer.cancel()


async def test_warm_calls_do_not_wait_for_delayed_acknowledgements(runtime: AwsRuntime) -> None:
    await runtime.start("handlers.echo")
    await runtime.call(b"{}")
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        await runtime.call(b"{}")
        times.append(time.perf_counter() - begin)
    assert sorted(times)[10] < 0.03


@pytest.mark.parametrize(
    "request_line,status",
    [
        (("GET", "/"), 404),
        (("GET", "/2018-06-01/runtime/init/error"), 404),
        (("PUT", "/2018-06-01/runtime/invocation/next"), 404),
        (("POST", "/2018-06-01/runtime/invocation/another/response"), 400),
        (("POST", "/2018-06-01/runtime/init/error"), 202),
    ],
)
async def test_other_requests(request_line: tuple[str, str], status: int) -> None:
    api = RuntimeApi()
    assert await exchange(await api.start(), *request_line) == status
    api.close()


async def test_requests_without_the_token_are_refused() -> None:
    api = RuntimeApi("secret")
    address = await api.start()
    path = "/2018-06-01/runtime/init/error"
    assert await exchange(address, "POST", path) == 403
    assert await exchange(address, "POST", path, ("Bunsui-Token", "wrong")) == 403
    assert await exchange(address, "POST", path, ("Bunsui-Token", "secret")) == 202
    api.close()


async def test_noise_ends_the_connection_and_nothing_else() -> None:
    api = RuntimeApi()
    address = await api.start()
    host, _, port = address.rpartition(":")
    for noise in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(noise)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        writer.close()
    assert await exchange(address, "GET", "/") == 404
    api.close()


NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n"
REPORT = (
    b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: runtime\r\n"
    b"Content-Length: 4\r\n\r\ndone"
)


@pytest.mark.parametrize(("call", "status"), [(b"first", b"202"), (b"another", b"400")])
async def test_a_report_and_the_question_for_the_next_call_may_be_cut_anywhere(
    call: bytes, status: bytes
) -> None:
    """Both answers come, whole and in their order, also where the report is refused."""
    words = REPORT % call + NEXT
    for cut in range(len(words)):
        answers = await answers_to(words[:cut], words[cut:])
        assert [line.split()[1] for line in answers if line.startswith(b"HTTP/1.1")] == [status, b"200"]
        assert answers[-1] == b"second"


async def answers_to(*segments: bytes) -> list[bytes]:
    """Make a call, send these segments, and make another; the lines of what comes after the first."""
    loop, api = asyncio.get_running_loop(), RuntimeApi()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    await api.join(ours)
    await loop.sock_sendall(theirs, NEXT)
    await asyncio.shield(api.waiting)
    api.hand_over("first", {}, b"first")
    while not (await loop.sock_recv(theirs, 65536)).endswith(b"first"):
        pass
    for segment in segments:
        await loop.sock_sendall(theirs, segment)
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await asyncio.shield(api.waiting)
        api.hand_over("second", {}, b"second")
        answers = b""
        while not answers.endswith(b"second"):
            answers += await loop.sock_recv(theirs, 65536)
    theirs.close()
    api.close()
    return answers.replace(b"}HTTP", b"}\r\nHTTP").split(b"\r\n")


async def exchange(address: str, method: str, path: str, *headers: tuple[str, str]) -> int:
    """Send one request and return the status of its answer."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    http = h11.Connection(h11.CLIENT)
    head = h11.Request(
        method=method, target=path, headers=[("Host", address), ("Content-Length", "2"), *headers]
    )
    for event in (head, h11.Data(data=b"{}"), h11.EndOfMessage()):
        writer.write(http.send(event) or b"")
    while not isinstance(answer := http.next_event(), h11.Response):
        if answer is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
    writer.close()
    return answer.status_code
