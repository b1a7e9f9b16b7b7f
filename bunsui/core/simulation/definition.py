"""A state machine from a file, text or object: checked, then compiled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bunsui.asl import DefinitionError, Machine, compile_machine
from bunsui.asl.validation import Diagnostic, SourceProblem, parse_definition, validate
from bunsui.errors import DefinitionInvalid, NotFound, UsageError

Definition = Mapping[str, Any] | str | Path


def read_machine(definition: Definition, type: str = "STANDARD", *, check: bool = True) -> Machine:
    """The compiled machine of a definition: the object, JSON or YAML text, or the path of a file.

    Raises:
        NotFound: there is no such file.
        UsageError: the file is no UTF-8 text, or the type is none.
        DefinitionInvalid: the definition has errors; `details["findings"]` holds all of them.
    """
    if type not in ("STANDARD", "EXPRESS"):
        raise UsageError(f"The type of a state machine is STANDARD or EXPRESS, not {type}")
    place = str(definition) if isinstance(definition, Path) else "the definition"
    given = _text(definition) if isinstance(definition, Path) else definition
    if check:
        _check(given, type, place)
    try:
        value = parse_definition(given) if isinstance(given, str) else given
        return compile_machine(value, type)
    except (DefinitionError, SourceProblem) as error:
        raise DefinitionInvalid(f"{place} cannot be used: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", next_steps=["check the path"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _check(definition: str | Mapping[str, Any], type: str, place: str) -> None:
    errors = validate(definition, type=type).errors
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise DefinitionInvalid(
            f"{place}: {_line(errors[0])}{more}",
            next_steps=[f"bunsui pipeline validate {place}"] if place != "the definition" else (),
            details={"findings": [found.to_json() for found in errors]},
        )


def _line(found: Diagnostic) -> str:
    return str(found).replace("\n", " ")
