from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.text import clean, tail


@pytest.mark.parametrize(
    "dirty, expected",
    [
        (b"plain\nlines\tstay", "plain\nlines\tstay"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x1b[2Jb\x9b1mc", "abc"),
        ("half\r\nwindows\rbar", "half\nwindows\nbar"),
        ("\u202eevil\u202c", "evil"),
        (b"\xff\xfe\x00ok", "\ufffd\ufffdok"),
        ("\x1b]never closed", ""),
    ],
)
def test_what_a_terminal_would_obey_is_gone(dirty: str | bytes, expected: str) -> None:
    assert clean(dirty) == expected


@given(st.binary(max_size=300))
def test_only_printable_text_lines_and_tabs_remain(data: bytes) -> None:
    cleaned = clean(data)
    assert all(c in "\n\t" or unicodedata.category(c) != "Cc" for c in cleaned)
    assert clean(cleaned) == cleaned


def test_a_limit_cuts_with_an_ellipsis() -> None:
    assert clean("abcdef", limit=4) == "abc…"
    assert clean("abcd", limit=4) == "abcd"


def test_the_tail_has_the_last_lines() -> None:
    assert tail(b"a\nb\nc\n", lines=2, limit=10) == "b\nc"
    assert tail(b"a\nbcdefgh\n", lines=2, limit=4) == "…fgh"
    assert tail(b"", lines=2, limit=4) == ""
