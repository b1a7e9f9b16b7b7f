"""The ``$names`` that a JSONata expression uses, found by its tokens: cheap, and no string misleads it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""/\*.*?\*/ | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*`
    | \$states\b (?:\s*\.\s*(?P<field>[A-Za-z_]\w*))? (?P<bound_states>\s*:=)?
    | \$(?P<name>[^\W\d]\w*) \s* (?P<bound>:=)?
    | (?:function|λ) \s* \( (?P<parameters>[^)]*) \)""",
    re.DOTALL | re.VERBOSE,
)
BUILT_IN = frozenset(
    """sum count max min average abs floor ceil round power sqrt random formatNumber formatBase
    formatInteger parseInteger number string length substring substringBefore substringAfter uppercase
    lowercase trim pad contains split join match replace eval base64encode base64decode encodeUrlComponent
    encodeUrl decodeUrlComponent decodeUrl boolean not exists append sort reverse shuffle distinct zip keys
    lookup spread merge sift each error assert type now millis fromMillis toMillis map filter single reduce
    partition range hash uuid parse clone""".split()
)
"""Functions of JSONata and of Step Functions."""


class Names(NamedTuple):
    """``variables`` are used and not bound in the expression; ``states`` the fields of ``$states``."""

    variables: frozenset[str]
    states: frozenset[str]


@lru_cache(maxsize=4096)
def names(text: str) -> Names:
    """The names that an expression takes from outside."""
    used: set[str] = set()
    bound: set[str] = set()
    states: set[str] = set()
    for token in _TOKEN.finditer(text):
        if token["name"]:
            (bound if token["bound"] else used).add(token["name"])
        elif token["field"]:
            states.add(token["field"])
        elif token["parameters"]:
            bound.update(re.findall(r"\$(\w+)", token["parameters"]))
    return Names(frozenset(used - bound - BUILT_IN), frozenset(states))
