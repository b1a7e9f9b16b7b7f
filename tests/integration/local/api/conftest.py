"""The server that a test speaks to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bunsui.local.api.serve import ServeSettings
from tests.integration.local.api.serving import TOKEN, Server, running


@pytest.fixture
def settings(tmp_path: Path) -> ServeSettings:
    """The settings of this test's server."""
    return ServeSettings(folder=tmp_path / "api", port=0, token=TOKEN, poll_seconds=0.2)


@pytest.fixture
def server(settings: ServeSettings) -> Iterator[Server]:
    """A server with nothing but the engine."""
    with running(settings) as found:
        yield found
