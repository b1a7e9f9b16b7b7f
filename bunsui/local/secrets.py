"""Values behind references to secrets: taken where a call is made, never kept."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from bunsui.errors import MissingExtra, NotFound


class Secrets:
    """Resolves references. `environment` is that of the process which makes the calls."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def resolve(self, reference: str) -> str:
        """The value. Raises NotFound, MissingExtra; no message holds a value."""
        kind, _, name = reference.partition(":")
        if kind == "env":
            return self._variable(name)
        if kind == "keyring":
            return _from_keyring(name)
        raise NotFound(
            f"The local backend cannot read the secret {reference}",
            next_steps=["Use env:NAME or keyring:SERVICE/NAME"],
        )

    def _variable(self, name: str) -> str:
        value = self._environment.get(name)
        if value is None:
            raise NotFound(
                f"The secret env:{name} is not set in the environment of the worker",
                next_steps=[f"Set {name}, wait until the worker has ended, and start again"],
            )
        return value


def _from_keyring(name: str) -> str:
    service, _, user = name.partition("/")
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise MissingExtra(
            "Reading keyring:… needs the extra `keyring`", next_steps=["pip install 'bunsui[keyring]'"]
        ) from error
    value: str | None = keyring.get_password(service, user)
    if value is None:
        raise NotFound(f"The keyring has no secret {service}/{user}", next_steps=["Store it there first"])
    return value
