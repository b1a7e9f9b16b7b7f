"""The policy: who may do what, and what a person is asked about first. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import Effect
from bunsui.errors import ConfigError
from bunsui.tools.context import Profile


@dataclass(frozen=True, slots=True)
class Allow:
    """It may run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """It may run after a person has said so."""

    reason: str


@dataclass(frozen=True, slots=True)
class Deny:
    """It may not run."""

    reason: str


Decision = Allow | Ask | Deny


class Verdict(StrEnum):
    """Words of a rule in the settings."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Channel(StrEnum):
    """How a decision was given."""

    POLICY = "policy"
    FLAG = "flag"
    TERMINAL = "terminal"
    ELICITATION = "elicitation"


@dataclass(frozen=True, slots=True)
class Rule:
    """A name pattern (`session_*`) and its verdict, for some callers only where `callers` names any."""

    pattern: str
    verdict: Verdict
    callers: frozenset[CallerKind] = frozenset()

    def covers(self, name: str, caller: CallerKind) -> bool:
        """Whether the rule speaks about this call."""
        return fnmatchcase(name, self.pattern) and (not self.callers or caller in self.callers)


def rules(settings: Mapping[str, str]) -> tuple[Rule, ...]:
    """Rules from the settings of a profile: `[CALLER:]PATTERN` to verdict, in their order.

    Raises ConfigError for words that are none.
    """
    return tuple(_rule(key, verdict) for key, verdict in settings.items())


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules first, defaults after. The first rule that covers a call speaks.

    A rule may tighten anything. It may loosen only what is neither destroy nor in a protected
    profile: those are always asked.
    """

    rules: tuple[Rule, ...] = ()

    def decide(self, name: str, effect: Effect, caller: CallerKind, profile: Profile) -> Decision:
        """What may happen with a call of the tool `name`."""
        default = _default(effect, caller, profile)
        rule = next((rule for rule in self.rules if rule.covers(name, caller)), None)
        return default if rule is None else _ruled(rule, default, guarded(effect, profile))


def guarded(effect: Effect, profile: Profile) -> bool:
    """Whether a call is always asked about: destroy, and every change of a protected profile."""
    return effect is Effect.DESTROY or (profile.protected and effect is not Effect.READ)


def counts(channel: Channel, effect: Effect, caller: CallerKind, profile: Profile) -> bool:
    """Whether a yes over `channel` is enough for this call.

    A flag is set by whoever calls, so a model cannot use it; an elicitation can be answered by a
    host without a person. Neither is enough for destroy or for a protected profile.
    """
    if channel is Channel.TERMINAL:
        return True
    if channel is Channel.FLAG:
        return caller is not CallerKind.MODEL and not guarded(effect, profile)
    return channel is Channel.ELICITATION and not guarded(effect, profile)


def _rule(key: str, verdict: str) -> Rule:
    caller, colon, pattern = key.rpartition(":")
    try:
        callers = frozenset({CallerKind(caller)}) if colon else frozenset()
        return Rule(pattern, Verdict(verdict), callers)
    except ValueError as error:
        raise ConfigError(
            f"policy {key!r} = {verdict!r}: {error}",
            next_steps=[
                f"verdicts: {', '.join(Verdict)}",
                f"callers before a colon: {', '.join(CallerKind)}",
            ],
        ) from None


def _default(effect: Effect, caller: CallerKind, profile: Profile) -> Decision:
    if effect is Effect.READ:
        return Allow("reads are allowed")
    if effect is Effect.DESTROY:
        return Ask("what destroys is always asked")
    if profile.protected:
        return Ask(f"the profile {profile.name} is protected")
    if caller is CallerKind.MODEL:
        return Ask("a model asks before it changes or spends")
    return Allow(f"{effect} is allowed in the profile {profile.name}")


def _ruled(rule: Rule, default: Decision, must_ask: bool) -> Decision:  # noqa: FBT001 - a fact, not a mode
    reason = f"the rule {rule.pattern} says {rule.verdict}"
    if rule.verdict is Verdict.DENY:
        return Deny(reason)
    if rule.verdict is Verdict.ASK:
        return Ask(reason)
    return default if must_ask else Allow(reason)
