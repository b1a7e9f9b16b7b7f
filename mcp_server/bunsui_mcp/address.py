"""Where a server over HTTP listens."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any

from bunsui.errors import UsageError

BACKLOG = 4_096
SILENT_SECONDS = 60
"""A connection whose other end acknowledges nothing for this long is closed; streams are pinged every 15."""
_SILENCE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", SILENT_SECONDS // 2),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", SILENT_SECONDS // 6),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", SILENT_SECONDS * 1_000),
)
"""Accepted connections inherit them. The last counts while something is under way, the others while not."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def shown(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host


def address(text: str) -> Address:
    """`HOST:PORT`, or a port alone on 127.0.0.1. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"--http {text}: is not HOST:PORT", next_steps=["for example --http 127.0.0.1:8765"])
    return Address(host.strip("[]") or "127.0.0.1", int(port))


def listener(at: Address) -> socket.socket:
    """A socket that listens there, and gives up on connections whose other end is silent.

    Raises UsageError for a port that is taken and for an address that this machine has not.
    """
    try:
        found = socket.getaddrinfo(
            at.host, at.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )
        return _bound(*min(found, key=lambda one: one[0] is not socket.AF_INET))
    except OSError as error:
        raise UsageError(
            f"--http {at.shown}:{at.port}: cannot listen there: {(error.strerror or str(error)).lower()}",
            next_steps=["choose another port", f"--http {at.shown}:0 takes a free one"],
        ) from None


def _bound(family: int, kind: int, proto: int, _name: str, place: Any) -> socket.socket:
    """A socket that listens. It names its protocol: else asyncio lets each answer wait 40 ms for more."""
    sock = socket.socket(family, kind, proto)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for level, name, value in _SILENCE:
            if (option := getattr(socket, name, None)) is not None:
                sock.setsockopt(level, option, value)
        sock.bind(place)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
