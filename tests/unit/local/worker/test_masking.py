from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
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
