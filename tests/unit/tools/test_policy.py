from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import Effect
from bunsui.errors import ConfigError
from bunsui.tools.context import Profile
from bunsui.tools.policy import Allow, Ask, Channel, Deny, Policy, Rule, Verdict, counts, guarded, rules

OPEN, PROTECTED = Profile(name="dev"), Profile(name="prod", protected=True)
PEOPLE = (CallerKind.PERSON, CallerKind.AUTOMATION)


@pytest.mark.parametrize("caller", CallerKind)
@pytest.mark.parametrize("profile", [OPEN, PROTECTED])
def test_reads_are_allowed_and_destroy_is_always_asked(caller: CallerKind, profile: Profile) -> None:
    assert isinstance(Policy().decide("session_list", Effect.READ, caller, profile), Allow)
    assert isinstance(Policy().decide("pipeline_delete", Effect.DESTROY, caller, profile), Ask)


@pytest.mark.parametrize("effect", [Effect.WRITE, Effect.SPEND])
def test_changes_are_allowed_to_people_and_asked_of_models(effect: Effect) -> None:
    for caller in PEOPLE:
        assert isinstance(Policy().decide("session_start", effect, caller, OPEN), Allow)
    assert isinstance(Policy().decide("session_start", effect, CallerKind.MODEL, OPEN), Ask)


@pytest.mark.parametrize("effect", [Effect.WRITE, Effect.SPEND])
@pytest.mark.parametrize("caller", CallerKind)
def test_a_protected_profile_asks_everybody(effect: Effect, caller: CallerKind) -> None:
    assert isinstance(Policy().decide("session_start", effect, caller, PROTECTED), Ask)


def test_the_first_rule_that_covers_the_call_speaks() -> None:
    policy = Policy(rules({"session_stop": "allow", "model:session_*": "deny", "*": "ask"}))
    model, person = CallerKind.MODEL, CallerKind.PERSON
    assert isinstance(policy.decide("session_stop", Effect.WRITE, model, OPEN), Allow)
    assert isinstance(policy.decide("session_start", Effect.SPEND, model, OPEN), Deny)
    assert isinstance(policy.decide("session_start", Effect.SPEND, person, OPEN), Ask)


@pytest.mark.parametrize("settings", [{"session_*": "maybe"}, {"robot:session_*": "ask"}])
def test_a_rule_that_is_none_is_an_error(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(settings)
    assert "session_*" in caught.value.message


@given(
    st.lists(st.builds(Rule, st.sampled_from(["*", "session_*", "x"]), st.sampled_from(Verdict))),
    st.sampled_from(CallerKind),
    st.sampled_from([OPEN, PROTECTED]),
)
def test_no_rule_opens_what_is_always_asked(
    given_rules: list[Rule], caller: CallerKind, profile: Profile
) -> None:
    policy = Policy(tuple(given_rules))
    for effect in Effect:
        if guarded(effect, profile):
            assert not isinstance(policy.decide("session_start", effect, caller, profile), Allow)


def test_which_yes_is_enough() -> None:
    for effect, caller, profile in product(Effect, CallerKind, (OPEN, PROTECTED)):
        open_change = not guarded(effect, profile)
        assert counts(Channel.TERMINAL, effect, caller, profile)
        assert counts(Channel.ELICITATION, effect, caller, profile) is open_change
        flag = open_change and caller is not CallerKind.MODEL
        assert counts(Channel.FLAG, effect, caller, profile) is flag
        assert not counts(Channel.POLICY, effect, caller, profile)
