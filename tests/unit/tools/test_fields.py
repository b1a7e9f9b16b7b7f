"""Fields that many tools share: text takes numbers, because a model may send them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bunsui.tools.fields import Limit, SessionId, Tags, Text


class Fields(BaseModel):
    text: Text = ""
    tags: Tags = {}
    limit: Limit = 1
    session: SessionId = "s"


@pytest.mark.parametrize(
    ("given", "text"), [("a", "a"), (3, "3"), (1.5, "1.5"), (True, "true"), (False, "false")]
)
def test_a_scalar_is_taken_as_its_text(given: Any, text: str) -> None:
    made = Fields.model_validate({"text": given, "tags": {"k": given}})
    assert (made.text, made.tags) == (text, {"k": text})


@pytest.mark.parametrize(
    "given",
    [{"text": None}, {"text": []}, {"text": {}}, {"limit": 0}, {"limit": 501}, {"session": "x" * 81}],
)
def test_nothing_else_is(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fields.model_validate(given)
