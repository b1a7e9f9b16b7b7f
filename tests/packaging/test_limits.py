"""The size limits of `limits.py`: each is shown to bite, and the sources keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging import limits

NESTED = """
def deep(rows):
    for row in rows:
        with row:
            if row:
                while row:
                    try:
                        row.close()
                    finally:
                        pass
"""
LADDER = """
def flat(x):
    if x == 1:
        return "a"
    elif x == 2:
        return "b"
    elif x == 3:
        return "c"
    elif x == 4:
        return "d"
    elif x == 5:
        return "e"
"""
LONG = "def long():\n" + "    pass\n" * limits.FUNCTION_LINES


@pytest.mark.parametrize(
    "text, finding",
    [
        ("pass\n" * 601, "601 lines, 600 at most"),
        (LONG, "long: 61 lines, 60 at most"),
        (NESTED, "deep: blocks nest 5 deep, 4 at most"),
    ],
)
def test_what_is_over_is_found(tmp_path: Path, text: str, finding: str) -> None:
    source = tmp_path / "source.py"
    source.write_text(text, encoding="utf-8")
    (found,) = limits.over_size(source, "source.py")
    assert finding in found


def test_an_elif_ladder_is_not_nested(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(LADDER, encoding="utf-8")
    assert list(limits.over_size(source, "source.py")) == []


def test_a_lazy_import_cycle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "circular_trial"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("import circular_trial.b\n", encoding="utf-8")
    (package / "b.py").write_text("def f():\n    import circular_trial.a\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    circle = limits.cycle(["circular_trial"])
    assert circle is not None
    assert {"circular_trial.a", "circular_trial.b"} <= set(circle.split(" > "))


def test_the_sources_keep_the_limits() -> None:
    assert list(limits.findings()) == []
