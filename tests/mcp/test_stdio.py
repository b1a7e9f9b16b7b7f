"""The server over standard input and output, as a process that is spoken to line by line."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
PING = {"jsonrpc": "2.0", "id": 99, "method": "ping"}


class Lines:
    """A server that has been greeted."""

    def __init__(self, command: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([str(command), "mcp", "serve"], stdin=pipe, stdout=pipe, stderr=pipe)
        self.say({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO})
        assert self.heard()["id"] == 1
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def say(self, message: dict[str, Any] | bytes) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def lines(bunsui_command: Path, data_dir: Path) -> Iterator[Lines]:
    one = Lines(bunsui_command)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait(30)
    one.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{nonsense", -32700),
        (b"\xff\xfe", -32700),
        (b'{"id": 2, "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", -32700),
        (b'{"jsonrpc": "2.0", "id": 2, "method": "ping", "params": {"a": "\\ud800"}}', -32700),
        (b'[{"jsonrpc": "2.0", "id": 2, "method": "ping"}]', -32600),
        (b'{"jsonrpc": "1.0", "id": 2, "method": "ping"}', -32600),
    ],
)
def test_a_line_that_is_no_message_is_answered(line: bytes, code: int, lines: Lines) -> None:
    lines.say(line)
    answer = lines.heard()
    assert (answer["id"], answer["error"]["code"]) == (None, code)
    assert "nonsense" not in json.dumps(answer)
    lines.say(b"")
    lines.say(PING)
    assert lines.heard() == {"jsonrpc": "2.0", "id": 99, "result": {}}


def test_arguments_of_any_size_are_answered_in_a_few_words(lines: Lines) -> None:
    given = {"name": "session_list", "arguments": {"status": "x" * 3_000_000}}
    lines.say({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": given})
    answer = lines.heard()
    assert answer["result"]["isError"]
    assert len(json.dumps(answer)) < 3_000


def test_it_ends_quietly_where_nobody_reads_any_more(lines: Lines) -> None:
    assert lines.process.stdin is not None
    assert lines.process.stdout is not None
    lines.process.stdout.close()
    lines.say(PING)
    lines.process.stdin.close()
    assert lines.process.wait(30) == 1
    assert lines.process.stderr is not None
    assert lines.process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_although_it_waits_for_a_line(number: signal.Signals, lines: Lines) -> None:
    lines.process.send_signal(number)
    assert lines.process.wait(10) == -number
