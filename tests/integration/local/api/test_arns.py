"""Names and ARNs of Step Functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.local.api.arns import Place, checked_name, parse
from bunsui.local.api.errors import ApiError
from tests.properties import FEW

PLACE = Place("123456789012", "eu-west-1")
NAMES = st.text("abcXYZ019-_.水", min_size=1, max_size=80)


@FEW
@given(
    st.sampled_from(["stateMachine", "execution", "activity", "mapRun"]),
    st.lists(NAMES, min_size=1, max_size=3),
)
def test_an_arn_is_read_as_it_was_made(kind: str, names: list[str]) -> None:
    found = parse(PLACE.arn(kind, *names), kind)
    assert (found.place, found.kind, found.names) == (PLACE, kind, tuple(names))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "machine",
        "arn:aws:states:eu-west-1:123:stateMachine:a",
        "arn:aws:states:eu-west-1:123456789012:stateMachine:",
        "arn:aws:lambda:eu-west-1:123456789012:function:a",
        "arn:aws:states:eu-west-1:123456789012:stateMachine:a\n",
    ],
)
def test_what_is_no_arn_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse(text, "stateMachine")
    assert caught.value.code == "InvalidArn"


def test_an_arn_of_another_kind_is_refused_with_the_kind() -> None:
    with pytest.raises(ApiError, match="not valid in this context: execution"):
        parse(PLACE.arn("execution", "m", "e"), "stateMachine", "activity")


@FEW
@given(NAMES)
def test_a_name_that_aws_takes_is_taken(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 81, *(f"a{sign}b" for sign in ' <>{}[]?*"#%\\^|~`$&,;:/\x00\x7f\n')]
)
def test_a_name_that_aws_refuses_is_refused(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        checked_name(name)
    assert caught.value.code == "InvalidName"
