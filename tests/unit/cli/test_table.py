"""Tables: cut on a terminal, whole in a pipe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bunsui.cli.style import Style
from bunsui.cli.table import fit, pad, table, width

PLAIN = Style(on=False)


def test_columns_line_up() -> None:
    lines = table(("job", "status"), [("fetch", "failed"), ("a", "ok")], PLAIN)
    assert lines == ["JOB    STATUS", "fetch  failed", "a      ok"]


def test_the_last_column_is_cut_to_the_limit() -> None:
    (_, line) = table(("job", "why"), [("fetch", "x" * 100)], PLAIN, limit=30)
    assert line.endswith("…")
    assert width(line) == 30


def test_a_line_break_in_a_cell_does_not_break_the_table() -> None:
    assert table(("a", "b"), [("1\n2", "3")], PLAIN)[1] == "1 2  3"


def test_status_words_are_painted_only_where_colour_is_on() -> None:
    assert "\x1b[31m" in table(("s", "x"), [("failed", "y")], Style(on=True))[1]
    assert "\x1b" not in table(("s", "x"), [("failed", "y")], PLAIN)[1]


@given(st.text(max_size=40), st.integers(min_value=1, max_value=30))
def test_fitted_text_never_exceeds_its_columns(text: str, columns: int) -> None:
    assert width(fit(text, columns)) <= max(columns, 1)
    assert width(pad(fit(text, columns), columns)) >= columns - 1
