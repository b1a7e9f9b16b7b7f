from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bunsui
from bunsui.local.worker.protocol import Hello, answer, encode, order, request

SORTED = ["0.0.9", "0.1.0.dev1", "0.1.0", "0.1.1", "0.9.0", "0.10.0", "1.0.0.dev3", "1.0.0", "1.0.1", "2.0"]


def test_versions_have_an_order() -> None:
    shuffled = random.Random(1).sample(SORTED, len(SORTED))
    assert sorted(shuffled, key=order) == SORTED


@given(version=st.text(max_size=20))
def test_any_text_can_be_compared(version: str) -> None:
    assert isinstance(Hello(pid=1, version=version).older, bool)


def test_our_own_version_is_not_older() -> None:
    assert not Hello(pid=1, version=bunsui.__version__).older
    assert Hello(pid=1, version="0.0.1").older


def test_a_line_is_read_back() -> None:
    hello = Hello(pid=7, version="0.1.0", running=2, draining=True)
    assert answer(encode(hello)) == hello
    assert request(encode({"op": "wake"})) == "wake"


@pytest.mark.parametrize("line", [b"", b"\xff\n", b"[]\n", b"{}\n", b'{"pid": 1}\n', b"null\n"])
def test_what_is_none_of_ours_is_none(line: bytes) -> None:
    assert answer(line) is None
    assert request(line) == ""
