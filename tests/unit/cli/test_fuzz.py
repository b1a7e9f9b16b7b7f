"""Whatever stands on the command line, the answer is a documented status and never a traceback."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.cli.main import main
from bunsui.errors import EXIT_STATUS
from bunsui.tools.registry import Registry

VERBS = sorted({entry.verb for entry in Registry()} | {"show", "check", "decide"})
OPTIONS = ["--json", "-o", "yaml", "--param", "--tag", "a=b", "--limit", "-1", "--yes", "--plan", "--dry-run"]
OPTIONS += [
    "--input",
    "{}",
    '{"session": 3}',
    "--strategy",
    "from",
    "--since",
    "--cursor",
    "--",
    "--help",
    "@",
]
GARBAGE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
WORDS = st.lists(st.sampled_from(VERBS + OPTIONS) | GARBAGE, max_size=6)
NOUNS = st.sampled_from(["pipeline", "session", "job", "approval", "audit", "config", "tool", "nonsense"])


@pytest.fixture(scope="module", autouse=True)
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty data directory and an empty folder, for all examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUNSUI_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.chdir(tmp_path_factory.mktemp("empty"))
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
        yield


@given(NOUNS, WORDS)
@settings(max_examples=150)
def test_any_command_line_has_a_documented_status(noun: str, words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([noun, *words])
    assert status in {0, *EXIT_STATUS.values()}
    assert not err.getvalue().startswith("internal:"), (noun, words, err.getvalue())
    assert "Traceback" not in err.getvalue()
