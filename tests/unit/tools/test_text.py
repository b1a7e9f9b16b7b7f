"""Foreign text and secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.tools.redact import redact, redact_text
from bunsui.tools.text import clip, line, strip, untrusted

SECRETS = [
    "password=hunter2",
    "DB_PASSWORD: hunter2",
    '{"password": "hunter2 and more"}',
    "--token hunter2".replace(" ", "="),
    "aws_secret_access_key = hunter2hunter2",
    "postgres://ann:hunter2@db.example/x",
    "Authorization: Bearer hunter2hunter2",
    "api-key='hunter2'",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nhunter2 without an end",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_in_text_are_masked(text: str) -> None:
    masked = redact_text(f"before {text} after")
    assert "hunter2" not in masked
    assert "***" in masked
    assert masked.startswith("before ")


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ghp_" + "a" * 36, "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"])
def test_keys_of_known_shapes_are_masked(key: str) -> None:
    assert redact_text(f"using {key}.") == "using ***."


@pytest.mark.parametrize("text", ["rows=5", "the token expired", "password reset mail sent", "monkey=banana"])
def test_other_text_stays(text: str) -> None:
    assert redact_text(text) == text


def test_names_mask_their_values_and_references_stay() -> None:
    value: JsonValue = {
        "password": "hunter2",
        "nested": [{"apiKey": "x", "API_KEY": "hunter2", "dbPassword": "hunter2"}],
        "db_secret": "env:DB_SECRET",
        "month": "2019-03",
    }
    assert redact(value) == {
        "password": "***",
        "nested": [{"apiKey": "***", "API_KEY": "***", "dbPassword": "***"}],
        "db_secret": "env:DB_SECRET",
        "month": "2019-03",
    }


@given(st.text())
def test_redacting_again_changes_nothing(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07red",
        "\x1b]8;;http://x\x1b\\red\x1b]8;;\x1b\\",
        "r\u202eed",
        "\x9b31mred",
        "re\x00d\x08",
        "\x1bPq#0\x1b\\red",
        "red\U000e0041",
    ],
)
def test_escapes_and_controls_are_stripped(text: str) -> None:
    assert strip(text) == "red"


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_capped_text_holds_no_controls(text: str, limit: int) -> None:
    shown = untrusted(text, limit)
    assert len(shown) <= limit
    assert not any(ord(char) < 32 and char not in "\t\n" for char in shown)
    assert "\n" not in line(text)


def test_a_cut_is_marked() -> None:
    assert clip("abcdef", 4) == "abc…"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    [
        *"x_ \n'",
        *("x:", "a.", "a://", "a://b:", "-----BEGIN ", "BEGIN A ", "eyJ", "eyJaaaaaaaa.", "bearer "),
        *("password ", "password=", "token", "\x1b]", "\x1b[", "sk-", "AKIA"),
    ],
)
def test_time_grows_with_the_text_only(part: str) -> None:
    assert len(untrusted(part * (600_000 // len(part)))) <= 2_000
