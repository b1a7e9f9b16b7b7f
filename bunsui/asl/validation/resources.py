"""The Resource of a Task state: is it an ARN, does AWS know it, may this machine call it.

Source: "Task workflow state" of the developer guide; messages as AWS gives them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site, did_you_mean
from bunsui.asl.validation.integrations import (
    OPTIMISED,
    PARAMETERS,
    REQUEST,
    SDK_SERVICES,
    SYNC,
    SYNC2,
    TOKEN,
)
from bunsui.asl.validation.model import EXPRESS, is_foreign

_ARN = re.compile(r"arn:([a-z0-9-]+):([a-z0-9-]+):([^:\s]*):([^:\s]*):(\S+)")
_FUNCTION = re.compile(r"function:[A-Za-z0-9_-]+(?::(?:\$LATEST|[A-Za-z0-9_-]+))?")
_ACTIVITY = re.compile(r"activity:[^\s?*<>{}\[\]:;,\\|^~$#%&`\"]{1,80}")
_SERVICE = re.compile(r"([a-z0-9-]+(?::[a-z0-9]+)?):([A-Za-z0-9]+)((?:\.[A-Za-z]+(?::\d+)?)*)")
_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}")
_SDK = "aws-sdk:"


@dataclass(frozen=True, slots=True)
class Call:
    """A service integration as an ARN names it: service, action and pattern."""

    service: str
    action: str
    pattern: str


def parse_call(resource: object) -> Call | None:
    """The integration that a Resource names; None for functions, activities and anything else."""
    arn = _ARN.fullmatch(resource) if isinstance(resource, str) else None
    if arn is None or arn[2] != "states":
        return None
    call = _SERVICE.fullmatch(arn[5])
    return Call(call[1], call[2], call[3]) if call else None


def resource(site: Site) -> None:
    """A Task's Resource."""
    text = site.value
    if not isinstance(text, str):
        site.error("Expected a string")
    elif _PLACEHOLDER.search(text) is not None:
        site.warn("The placeholder must be replaced before Step Functions can use it", Code.PLACEHOLDER)
    elif is_foreign(text):
        site.warn("Step Functions takes ARNs only: another runner or a mock has to serve this", Code.RESOURCE)
    elif (arn := _ARN.fullmatch(text)) is None:
        site.error("Value is not a valid resource ARN")
    else:
        _arn(site, arn[2], arn[5])


def _arn(site: Site, service: str, rest: str) -> None:
    if service == "lambda" and rest.startswith("function:"):
        if _FUNCTION.fullmatch(rest) is None:
            site.error("Value is not a valid resource ARN: not the name of a function, version or alias")
    elif service == "states" and rest.startswith("activity:"):
        if _ACTIVITY.fullmatch(rest) is None:
            site.error("Value is not a valid resource ARN: not the name of an activity")
    elif service == "states" and (call := parse_call(site.value)) is not None:
        _integration(site, call)
    else:
        site.warn("Step Functions knows no such resource", Code.RESOURCE)


def _integration(site: Site, call: Call) -> None:
    if call.service.startswith(_SDK):
        _sdk(site, call)
    elif call.service not in OPTIMISED:
        site.warn(f"'{call.service}' is no known service integration", Code.RESOURCE)
    elif call.pattern not in OPTIMISED[call.service].get(call.action, ()):
        site.error(
            f"The resource provided {site.value} is not recognized. The value is not a valid resource ARN, "
            "or the resource is not available in this region."
        )


def _sdk(site: Site, call: Call) -> None:
    service = call.service.removeprefix(_SDK)
    if call.pattern not in (REQUEST, TOKEN):
        site.error(f"An SDK integration cannot be called with '{call.pattern}'")
    elif service not in SDK_SERVICES:
        site.warn(f"'{service}' is no known service of the AWS SDK", Code.RESOURCE)
    elif not call.action[0].islower():
        site.warn(f"SDK actions start with a lower-case letter: {call.action}", Code.RESOURCE)


def express(site: Site, type: str) -> None:
    """What a Task of an EXPRESS machine may not call."""
    if type != EXPRESS or not isinstance(site.value, str):
        return
    call = parse_call(site.value)
    if ":states:" in site.value and ":activity:" in site.value:
        site.error("Express state machine does not support Activity ARN")
    elif call is not None and call.pattern in (SYNC, SYNC2):
        site.error("Express state machine does not support '.sync' service integration")
    elif call is not None and call.pattern == TOKEN:
        site.error("Express state machine does not support '.waitForTaskToken' service integration")


def parameters(site: Site, state: Mapping[str, Any]) -> None:
    """Parameters or Arguments of a call: what it cannot do without, and what it does not take."""
    call = parse_call(state.get("Resource"))
    known = PARAMETERS.get(f"{call.service}:{call.action}") if call is not None else None
    if known is None or not isinstance(site.value, Mapping):
        return
    given = {key.removesuffix(".$"): key for key in site.value}
    for name, required in known.items():
        if required and name not in given:
            site.error(f"The field '{name}' is required but was missing")
    for name in given.keys() - known.keys():
        message = f"The field '{name}' is not supported by Step Functions{did_you_mean(name, known)}"
        site.warn(message, Code.PARAMETER, key=given[name], at_key=True)
