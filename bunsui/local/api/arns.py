"""Names and ARNs of Step Functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bunsui.local.api.errors import ApiError, invalid_arn

_ARN = re.compile(r"arn:aws[a-z-]*:states:([a-z0-9-]*):(\d{12}):([A-Za-z]+):(.+)")
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
_FORBIDDEN = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]')


@dataclass(frozen=True, slots=True)
class Place:
    """The account and region that a caller speaks to."""

    account: str
    region: str

    def arn(self, kind: str, *names: str) -> str:
        """`arn:aws:states:REGION:ACCOUNT:KIND:NAME[:NAME…]`."""
        return ":".join(("arn:aws:states", self.region, self.account, kind, *names))


@dataclass(frozen=True, slots=True)
class Arn:
    """A parsed ARN; `names` are the parts behind the kind."""

    text: str
    place: Place
    kind: str
    names: tuple[str, ...]


def parse(text: str, *kinds: str) -> Arn:
    """The parts of an ARN of one of these kinds. Raises ApiError InvalidArn."""
    match = _ARN.fullmatch(text)
    if match is None:
        raise invalid_arn(text)
    region, account, kind, rest = match.groups()
    if kind not in kinds:
        raise ApiError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {kind}'")
    return Arn(text, Place(account, region), kind, tuple(rest.split(":")))


def checked_name(name: str) -> str:
    """The name, if AWS takes it. Raises ApiError InvalidName."""
    if not 1 <= len(name) <= 80 or _FORBIDDEN.search(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    return name
