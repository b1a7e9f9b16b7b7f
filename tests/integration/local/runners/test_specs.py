"""What a caller hands to the runners: names that can stand where they will stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.local.runners.specs import CallContext, FunctionSpec, check_id, frozen_env

PLAIN: dict[str, Any] = {"session": "s", "run": "r", "attempt": 2, "job": "j", "idempotency_key": "k"}


def test_a_call_outside_a_map_names_no_item() -> None:
    custom = CallContext(**PLAIN).custom()
    assert custom == {**PLAIN, "try": 1}
    assert CallContext(**PLAIN, item="i", checkpoints="/c").custom()["item"] == "i"


def test_containers_get_the_same_values_as_functions() -> None:
    context = CallContext(**PLAIN, item="i", try_number=3)
    env = context.environment()
    assert env == {f"BUNSUI_{name.upper()}": str(value) for name, value in context.custom().items()}
    assert env["BUNSUI_TRY"] == "3"
    assert env["BUNSUI_IDEMPOTENCY_KEY"] == "k"


@pytest.mark.parametrize("value", ["a", "A1._:@=+-", "x" * 200])
def test_an_id_fits_into_a_path_a_line_and_a_file_name(value: str) -> None:
    check_id(value)


@pytest.mark.parametrize("value", ["", "-a", ".", "..", "a/b", "a b", "a\n", "é", "x" * 201])
def test_what_fits_nowhere_is_no_id(value: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        check_id(value)


@pytest.mark.parametrize("name", ["", "a b", "a\r\nX: y", "é", "x" * 201])
def test_the_name_of_a_function_stands_in_a_header(name: str) -> None:
    with pytest.raises(ValueError, match="function name"):
        FunctionSpec(name=name, project=Path(), handler="h:f")


def test_functions_share_processes_only_where_all_is_the_same() -> None:
    plain: dict[str, Any] = {"name": "f", "project": Path(), "handler": "h:f", "code_hash": "1"}
    one = FunctionSpec(**plain, env=frozen_env({"B": "2", "A": "1"}))
    assert one == FunctionSpec(**plain, env=frozen_env({"A": "1", "B": "2"}))
    assert len({one, FunctionSpec(**{**plain, "code_hash": "2"}, env=one.env)}) == 2
    assert one.arn.endswith(":function:f")
