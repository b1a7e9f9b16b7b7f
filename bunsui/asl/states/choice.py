"""Choice: rules, conditions, and which state comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.asl.comparison import Test, compile_test
from bunsui.asl.dataflow import compile_dataflow
from bunsui.asl.failures import runtime
from bunsui.asl.states.base import Spec, State
from bunsui.asl.strand import Engine, Strand
from bunsui.asl.template import is_expression, jsonata_value


class Choice(State):
    """Choice: the first rule whose test holds decides; else Default."""

    __slots__ = ("_default", "_rule_dataflow", "_rules")

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self._rules = [Rule(rule, language, at) for at, rule in enumerate(spec.get("Choices", ()))]
        self._default: State | None = None
        # A rule that matches has its own Assign; the state's counts for Default only.
        data = {key: value for key, value in spec.items() if key != "Assign"}
        self._rule_dataflow = compile_dataflow(data, language)

    def link(self, states: Mapping[str, State]) -> None:
        if "Default" in self.spec:
            self._default = states[self.spec["Default"]]
        for rule in self._rules:
            rule.next = states[rule.target]

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        value = strand.value
        arguments = self.dataflow.arguments(strand, value)
        document = {"input": value} if self.language == "JSONata" else arguments
        for rule in self._rules:
            if rule.test(strand, document):
                self._follow(execution, strand, rule, arguments)
                return
        if self._default is None:
            reason = "Failed to transition out of the state. The state does not point to a next state."
            raise runtime(strand, reason, "States.NoChoiceMatched")
        output, assigned = self.dataflow.output(strand, value, arguments)
        execution.leave(strand, self._default, output, assigned)

    def _follow(self, execution: Engine, strand: Strand, rule: Rule, arguments: Any) -> None:
        if rule.dataflow is None:
            output, assigned = self._without_assign(strand, arguments)
        elif self.language == "JSONata":
            output, assigned = rule.dataflow.output(strand, strand.value, arguments)
        else:
            output, _ = self._without_assign(strand, arguments)
            _, assigned = rule.dataflow.output(strand, strand.value, arguments)
        execution.leave(strand, rule.next, output, assigned)

    def _without_assign(self, strand: Strand, arguments: Any) -> tuple[Any, dict[str, Any] | None]:
        """Assign and Output of the state itself count for Default only."""
        if self.language == "JSONata":
            return arguments, None
        return self._rule_dataflow.output(strand, strand.value, arguments)


class Rule:
    """One entry of Choices."""

    __slots__ = ("dataflow", "next", "target", "test")

    def __init__(self, spec: Spec, language: str, at: int) -> None:
        self.target: str = spec["Next"]
        self.next: State | None = None
        self.test: Test = _condition(spec["Condition"], at) if language == "JSONata" else compile_test(spec)
        has_data = "Assign" in spec or "Output" in spec
        data = {key: spec[key] for key in ("Assign", "Output") if key in spec}
        self.dataflow = compile_dataflow(data, language) if has_data else None


def _condition(condition: Any, at: int) -> Test:
    if is_expression(condition):
        return jsonata_value(condition, f"Choices[{at}]/Condition", "boolean")
    return lambda strand, document: condition is True  # noqa: ARG005 - the signature of a test
