"""The pytest plugin: `--bunsui-coverage` reports which states and choice branches the tests went through.

It is loaded in every test run of an environment that has bunsui, so it imports next to nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.testing import coverage, report

_KEY = pytest.StashKey[coverage.Coverage]()
_OUTPUT = "bunsui_coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("bunsui", "state machines")
    group.addoption(
        "--bunsui-coverage",
        action="store_true",
        help="Report the states and choice branches that tests with bunsui.testing went through.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, where it is asked for."""
    if config.getoption("bunsui_coverage"):
        config.stash[_KEY] = coverage.begin()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what it has seen."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    found = session.config.stash.get(_KEY, None)
    if output is not None and found is not None:
        output[_OUTPUT] = found.to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The controller of pytest-xdist takes what a worker has seen."""
    output: dict[str, Any] = getattr(node, "workeroutput", {})
    found = node.config.stash.get(_KEY, None)
    if found is not None and _OUTPUT in output:
        found.merge(output[_OUTPUT])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    found = config.stash.get(_KEY, None)
    if found is None:
        return
    terminalreporter.section("state machine coverage")
    for line in report.table(found) if found.machines else ["no state machine was run"]:
        terminalreporter.line(line)
