"""A server on a free port, in a thread of the test, and clients for it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from bunsui.local.api.serve import Ready, ServeSettings, serve

ROLE = "arn:aws:iam::123456789012:role/test"
TOKEN = "secret"
CONFIG = Config(
    inject_host_prefix=False, retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30
)


class Server:
    """One running server. `states` and `functions` are clients for it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.states = self.client("stepfunctions")
        self.functions = self.client("lambda")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(
        self,
        service: str,
        account: str = "123456789012",
        region: str = "us-east-1",
        token: str = TOKEN,
        *,
        checked: bool = True,
    ) -> Any:
        """A client; one that is not `checked` sends what breaks the rules of a field."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            aws_session_token=token,
            config=CONFIG.merge(Config(parameter_validation=checked)),
        )

    def machine(self, states: dict[str, Any], name: str = "machine", **fields: Any) -> str:
        """Create a machine; the first state is where it starts."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        made = self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE, **fields)
        return str(made["stateMachineArn"])

    def start(self, machine: str, input: Any = None, **fields: Any) -> str:
        """Start an execution."""
        text = json.dumps({} if input is None else input)
        return str(self.states.start_execution(stateMachineArn=machine, input=text, **fields)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """The description of an execution once it has ended."""

        def found() -> dict[str, Any] | None:
            told: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return told if told["status"] != "RUNNING" else None

        told: dict[str, Any] = until(found)
        return told

    def events(self, execution: str, **fields: Any) -> list[dict[str, Any]]:
        """All events."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution, **fields)
        return [event for page in pages for event in page["events"]]

    def event(self, execution: str, kind: str) -> dict[str, Any]:
        """The newest event of a type, once there is one."""

        def found() -> dict[str, Any] | None:
            events = self.events(execution, reverseOrder=True)
            return next((event for event in events if event["type"] == kind), None)

        event: dict[str, Any] = until(found)
        return event


def until(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("nothing was found in time")


@contextmanager
def running(settings: ServeSettings) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    ports: list[int] = []
    listening = threading.Event()
    parts: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        parts.append((asyncio.get_running_loop(), stop))
        await serve(settings, ready, stop)

    def ready(told: Ready) -> None:
        ports.append(told.port)
        listening.set()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert listening.wait(20)
    try:
        yield Server(ports[0])
    finally:
        loop, stop = parts[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
