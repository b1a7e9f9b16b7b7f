"""Objects with known fields: which there are, which must be there, which exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bunsui.asl.validation.findings import Site, did_you_mean
from bunsui.asl.validation.values import Check


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``language`` is set where only one query language has it."""

    check: Check
    required: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """Fields of which at most one may be given, or exactly one where it is ``required``."""

    names: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True)
class Record:
    """A check of objects, made from a table of fields."""

    fields: Mapping[str, Field]
    choices: tuple[Choose, ...] = ()

    def __call__(self, site: Site) -> None:
        if not isinstance(site.value, Mapping):
            site.error("Expected an object")
            return
        for key in site.value:
            self._field(site, key)
        missing = [name for name, field in self.fields.items() if field.required and name not in site.value]
        if missing:
            site.error(f"These fields are required: [{', '.join(missing)}]")
        for choice in self.choices:
            self._choice(site, choice)

    def _field(self, site: Site, key: str) -> None:
        field = self.fields.get(key)
        if field is None:
            site.error(f"Field is not supported{self._hint(key, site)}", key=key, at_key=True)
        elif field.language not in (None, site.language):
            site.error(
                f"The field '{key}' is not supported when QueryLanguage is '{site.language}'",
                key=key,
                at_key=True,
            )
        else:
            field.check(site.child(key))

    def _hint(self, key: str, site: Site) -> str:
        known = [name for name, field in self.fields.items() if field.language in (None, site.language)]
        return did_you_mean(key, known)

    def _choice(self, site: Site, choice: Choose) -> None:
        given = [name for name in choice.names if name in site.value]
        if len(given) > 1:
            names = ", ".join(given)
            site.error(f"Only one of these fields may be given: [{names}]", key=given[1], at_key=True)
        elif not given and choice.required:
            usable = [name for name in choice.names if self.fields[name].language in (None, site.language)]
            site.error(f"One of these fields is required: [{', '.join(usable)}]")
