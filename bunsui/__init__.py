"""Data pipelines on AWS Step Functions, Lambda and ECS Fargate, whole on a laptop.

The names of `_EXPORTS` are loaded when they are first asked for, so that `import bunsui` and
`bunsui --version` stay cheap; for the same reason nothing of the standard library is imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from bunsui.errors import BunsuiError

__version__ = "0.1.0"

_EXPORTS: dict[str, str] = {
    # public name -> module that defines it
    "BunsuiError": "bunsui.errors",
}

__all__ = ["BunsuiError", "__version__"]


def __getattr__(name: str) -> object:
    module = _EXPORTS.get(name)
    if module is None:
        message = f"module 'bunsui' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
