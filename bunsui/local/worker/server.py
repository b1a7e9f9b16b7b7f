"""The worker's ear: a socket that only its owner can reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bunsui.local.data_dir import DataDir, make_private, unusable
from bunsui.local.worker.protocol import LONGEST_LINE, Hello, encode, request


class Ear:
    """Answers clients. `on_wake` and `on_drain` are called in the event loop."""

    def __init__(
        self,
        data: DataDir,
        hello: Callable[[], Hello],
        *,
        on_wake: Callable[[], None],
        on_drain: Callable[[], None],
    ) -> None:
        self._path = data.socket
        self._hello = hello
        self._reactions = {"wake": on_wake, "drain": on_drain}
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen, in place of whoever died before. Raises StoreError."""
        make_private(self._path.parent)
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LONGEST_LINE)
            self._path.chmod(0o600)
        except OSError as error:
            raise unusable(self._path, error) from error

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._path.unlink(missing_ok=True)
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                reaction = self._reactions.get(request(line))
                if reaction is not None:
                    reaction()
                writer.write(encode(self._hello()))
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client went away, or sent a line without end
        finally:
            writer.close()
