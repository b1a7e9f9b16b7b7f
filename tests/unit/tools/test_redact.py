"""The one redactor: whatever stands under a secret's name is masked, references and shapes stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.tools.redact import MASK, redact, redact_text
from tests.properties import FEW

NAMES = ["password", "Passwd", "dbPassword", "API-KEY", "apiKey", "sessionToken", "x.token", "Authorization"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("hunter2", id="text"),
        pytest.param(482913, id="a number, as a PIN is"),
        pytest.param(["hunter2", 482913], id="a list"),
        pytest.param([["hunter2"]], id="a list in a list"),
        pytest.param({"env": "x", "value": "password=hunter2"}, id="text in an object"),
    ],
)
def test_what_a_secret_name_holds_is_masked_whatever_its_type(name: str, value: JsonValue) -> None:
    shown = str(redact({name: value}))
    assert "hunter2" not in shown
    assert "482913" not in shown


@pytest.mark.parametrize("value", [True, False, None, "env:DB", "keyring:a/b", "ssm:/x", "secretsmanager:y"])
def test_flags_and_references_are_no_secrets(value: JsonValue) -> None:
    assert redact({"password": value}) == {"password": value}


@pytest.mark.parametrize(
    "name", ["tokens", "password_reset", "monkey", "keys", "secretary", "authorizations"]
)
def test_a_name_that_only_contains_a_word_is_no_secret(name: str) -> None:
    assert redact({name: "x", "n": 1}) == {name: "x", "n": 1}


def test_a_reference_with_something_behind_it_is_masked() -> None:
    assert redact({"password": "env:DB or hunter2"}) == {"password": MASK}


def test_an_escape_sequence_cannot_hide_a_secret() -> None:
    assert "hunter2" not in str(redact({"log": "pass\x1b[0mword=hunter2"}))


def test_text_in_which_nothing_is_secret_keeps_even_its_colours() -> None:
    assert redact("\x1b[31mred\x1b[0m") == "\x1b[31mred\x1b[0m"


def test_a_reference_in_text_stays_and_what_follows_is_seen() -> None:
    assert redact_text("password=env:DB rows=5") == "password=env:DB rows=5"


def test_every_secret_of_a_line_is_masked() -> None:
    assert redact_text("user=a password=b&token=c;secret='d e'") == (
        f"user=a password={MASK}&token={MASK};secret={MASK}"
    )


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["hunter2", "env:X", "plain", "token=hunter2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["password", "a", "apiKey"]), inner, max_size=3)
    ),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None


@FEW
@given(JSON)
def test_the_shape_stays_and_redacting_again_changes_nothing(value: Any) -> None:
    once = redact(value)
    assert shape(once) == shape(value)
    assert redact(once) == once
