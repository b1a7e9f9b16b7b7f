from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bunsui.local.worker.masking import Mask

SECRET = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=20)


@given(secret=SECRET, before=st.text(max_size=20), after=st.text(max_size=20))
def test_nothing_of_it_is_left_and_nothing_moves(secret: str, before: str, after: str) -> None:
    data = (before + secret + after).encode(errors="replace")
    masked = Mask([secret]).data(data)
    assert secret.encode() not in masked
    assert len(masked) == len(data)


@given(secret=SECRET)
def test_json_stays_json(secret: str) -> None:
    frame = json.dumps({"password": "", "other": 1})
    assume(Mask([secret]).text(frame) == frame)
    text = json.dumps({"password": secret, "other": 1}, ensure_ascii=False)
    found = json.loads(Mask([secret]).data(text.encode()))
    assert found["other"] == 1
    assert set(found["password"]) == {"*"}


def test_a_file_is_masked_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one hunter22 two hunter22\n")
    with path.open("rb") as reader:
        Mask(["hunter22"]).file(path)
        assert reader.read() == b"one ******** two ********\n"


def test_no_secret_and_no_file_are_left_alone(tmp_path: Path) -> None:
    Mask([]).file(tmp_path / "absent")
    Mask(["hunter22"]).file(tmp_path / "absent")
    (tmp_path / "empty").touch()
    Mask(["hunter22"]).file(tmp_path / "empty")
    assert Mask(["abc"]).text("abc") == "abc"


@pytest.mark.parametrize(
    "write",
    [
        repr,
        ascii,
        json.dumps,
        html.escape,
        quote,
        quote_plus,
        lambda value: repr(value.encode()),
        lambda value: json.dumps(json.dumps({"a": value})),
        lambda value: json.dumps(json.dumps({"a": value}, ensure_ascii=False)),
        lambda value: value.encode().hex(),
    ],
)
def test_what_programs_make_of_a_secret_is_hidden_too(write: Callable[[str], str]) -> None:
    secret = "p\"a<s&s/w \u00f6\\rd+42=='"
    written = write(secret)
    masked = Mask([secret]).text(f"before {written} after")
    assert "rd" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_base64_hides_it_wherever_it_begins(before: bytes, after: bytes) -> None:
    whole = base64.b64encode(before + b"hunter22-and-more" + after).decode()
    masked = Mask(["hunter22-and-more"]).text(whole)
    left = base64.b64decode(masked.replace("*", "A"))
    assert b"unter22-and-mor" not in left
    assert len(masked) == len(whole)


@pytest.mark.parametrize(
    "secret, document, expected",
    [
        (
            "12345678",
            {"n": 12345678, "s": "at 12345678", "k": 1},
            {"n": "********", "s": "at ********", "k": 1},
        ),
        ("n123", {"s": "line\n123"}, {"s": "line\n123"}),
        ("true", {"t": [True, None, "true"]}, {"t": ["****", None, "****"]}),
        ("pass", {"pass": "passing"}, {"****": "****ing"}),
    ],
)
def test_a_document_stays_one(tmp_path: Path, secret: str, document: object, expected: object) -> None:
    data = json.dumps(document).encode()
    assert json.loads(Mask([secret]).document(data)) == expected
    path = tmp_path / "output.json"
    path.write_bytes(data)
    Mask([secret]).document_file(path)
    assert json.loads(path.read_bytes()) == expected
