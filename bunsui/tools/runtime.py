"""Everything that a call needs, put together by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bunsui.tools.context import Ports, Profile
from bunsui.tools.policy import Policy
from bunsui.tools.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Ports, profile, policy and registry.

    `plan_life` is how long a plan may be used that nobody has to be asked about, `question_life` how
    long a person may take.
    """

    ports: Ports
    profile: Profile = field(default_factory=Profile)
    policy: Policy = field(default_factory=Policy)
    registry: Registry = field(default_factory=Registry)
    plan_life: timedelta = timedelta(minutes=15)
    question_life: timedelta = timedelta(hours=1)
