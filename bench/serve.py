"""How fast the local API is: ``python bench/serve.py``.

Prints the time of a synchronous three-state execution, of a start, and starts a second from several clients.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.local.api.serve import Ready, ServeSettings, serve

ROLE = "arn:aws:iam::123456789012:role/bench"
STATES = {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Pass", "Next": "C"},
    "C": {"Type": "Pass", "End": True},
}


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}"}
        self._connection.request("POST", "/", json.dumps(body).encode(), headers)
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """A server in a thread; its port."""
    listening, ports = threading.Event(), list[int]()
    parts: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ready(told: Ready) -> None:
        ports.append(told.port)
        listening.set()

    async def main() -> None:
        stop = asyncio.Event()
        parts.append((asyncio.get_running_loop(), stop))
        await serve(ServeSettings(folder=folder, port=0), ready, stop)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    listening.wait()
    yield ports[0]
    parts[0][0].call_soon_threadsafe(parts[0][1].set)
    thread.join()


def machine(client: Client, name: str, type: str) -> str:
    definition = json.dumps({"StartAt": "A", "States": STATES})
    made = client.call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, type=type)
    return str(made["stateMachineArn"])


def timed(name: str, client: Client, operation: str, arn: str, count: int = 300) -> None:
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        client.call(operation, stateMachineArn=arn, input="{}")
        times.append((time.perf_counter() - begun) * 1000)
    ordered = sorted(times)
    print(f"{name:24} p50 {statistics.median(times):.2f} ms  p99 {ordered[len(ordered) * 99 // 100]:.2f} ms")


def many(port: int, arn: str, clients: int = 8, each: int = 100) -> None:
    def start(_: int) -> None:
        with closing(Client(port)) as client:
            for _ in range(each):
                client.call("StartExecution", stateMachineArn=arn, input="{}")

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(start, range(clients)))
    print(f"{clients} clients{'':15} {clients * each / (time.perf_counter() - begun):.0f} starts a second")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as port:
        with closing(Client(port)) as client:
            express, standard = machine(client, "express", "EXPRESS"), machine(client, "standard", "STANDARD")
            timed("three states, to the end", client, "StartSyncExecution", express)
            timed("start", client, "StartExecution", standard)
        many(port, standard)


if __name__ == "__main__":
    main()
