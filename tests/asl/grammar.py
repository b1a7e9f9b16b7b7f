"""A Hypothesis grammar of state machine definitions: every one is valid and ends.

States only go on to later states, so that no execution runs for ever; what they do with their data may
well fail, as in life. `definitions` gives (definition, input); mocks for the Task states come from
`answers`; `mutilated` gives definitions that somebody got wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

JSON = dict[str, Any]
Fields = dict[str, st.SearchStrategy[Any]]
Tables = dict[str, Fields]
Draw = Callable[[st.SearchStrategy[Any]], Any]

KEYS = ("a", "b", "c", "d e", "ü")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
RESOURCES = (
    FUNCTION,
    "arn:aws:states:::lambda:invoke",
    "arn:aws:states:::sqs:sendMessage",
    "arn:aws:states:::aws-sdk:s3:getObject",
    "arn:aws:states:us-east-1:123456789012:activity:by-hand",
)
PARAMETERS = {
    "arn:aws:states:::lambda:invoke": {"FunctionName": "work"},
    "arn:aws:states:::sqs:sendMessage": {"QueueUrl": "https://queue.example", "MessageBody": "hello"},
    "arn:aws:states:::aws-sdk:s3:getObject": {"Bucket": "b", "Key": "k"},
}
ERRORS = ("Broken", "States.TaskFailed", "States.Timeout", "States.ALL", "Lambda.TooManyRequestsException")
TIMESTAMPS = ("2030-01-01T00:00:00Z", "2016-03-14T01:59:00.5+09:00", "1999-12-31T23:59:59Z")

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 300)
    | st.floats(-10, 10).map(lambda x: round(x, 2))
    | st.text(max_size=8)
)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "a": st.fixed_dictionaries({}, optional={"b": scalars, "c": st.lists(scalars, max_size=3)}) | scalars,
        "b": st.lists(json_values, max_size=4),
        "c": st.integers(-3, 40) | st.booleans() | st.sampled_from(TIMESTAMPS),
    },
)
answers = st.one_of(
    json_values.map(lambda value: {"result": value}),
    st.sampled_from(["Broken", "States.Timeout", "Other.Error"]).map(
        lambda e: {"error": e, "cause": "because"}
    ),
)
"""What a Task's mock gives: a result, or an error with its cause."""

reference_paths = st.sampled_from(
    ["$", "$.a", "$.a.b", "$.b[0]", "$['d e']", "$.c", "$.detail-type", "$.x.y.z"]
)
paths = reference_paths | st.sampled_from(
    [
        "$.b[*]",
        "$..b",
        "$.b[1:]",
        "$.b[?(@.a == 1)]",
        "$$.Execution.Id",
        "$$.State.Name",
        "$$.Execution.Input.a",
        "$v",
        "$w.a",
    ]
)
calls = st.sampled_from(
    [
        "States.UUID()",
        "States.Array($.a, 'x', 1, null)",
        "States.Format('{} is {}', $.a, $$.State.Name)",
        "States.ArrayRange(0, 6, 2)",
        "States.ArrayPartition($.b, 2)",
        "States.ArrayLength($.b)",
        "States.ArrayGetItem($.b, 0)",
        "States.ArrayUnique($.b)",
        "States.JsonToString($)",
        "States.StringToJson('{\"k\": [1]}')",
        "States.MathAdd($.c, -1)",
        "States.MathRandom(1, 10)",
        "States.Base64Encode('text')",
        "States.Hash($.a, 'SHA-256')",
        "States.StringSplit('a-b', '-')",
        "States.JsonMerge($.a, $.a, false)",
    ]
)
expressions = st.sampled_from(
    [
        "$states.input",
        "$states.input.a",
        "$states.input.b[0]",
        "$states.context.State.Name",
        "$count($states.input.b)",
        "$states.input.c + 1",
        "{'k': $states.input.c, 'l': [1, 2]}",
        "$exists($v) ? $v : 'none'",
        "$uuid()",
        "$random() < 2",
        "$range(1, 5, 1)",
        "$partition([1, 2, 3, 4], 3)",
        "$hash('x', 'MD5')",
        "$parse('[1, 2]')",
        "$string($states.input)",
        "$sum([1, 2, 3]) = 6",
        "$nothing",
    ]
).map(lambda text: "{% " + text + " %}")


@cache
def payloads(language: str) -> st.SearchStrategy[JSON]:
    """A payload template, or an object with expressions."""
    if language == "JSONata":
        return st.dictionaries(st.sampled_from(KEYS), expressions | json_values, max_size=3)
    plain = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=2)
    evaluated = st.dictionaries(st.sampled_from([f"{key}.$" for key in "pqr"]), paths | calls, max_size=2)
    return st.tuples(plain, evaluated).map(lambda both: {**both[0], **both[1]})


@cache
def assigns(language: str) -> st.SearchStrategy[JSON]:
    """Assign: the variables v and w, which paths and expressions refer to."""
    if language == "JSONata":
        return st.dictionaries(st.sampled_from(["v", "w"]), expressions | json_values, min_size=1, max_size=2)
    return st.dictionaries(st.sampled_from(["v.$", "w.$"]), paths | calls, min_size=1, max_size=2)


retriers = st.fixed_dictionaries(
    {"ErrorEquals": st.sampled_from(ERRORS).map(lambda error: [error])},
    optional={
        "IntervalSeconds": st.integers(1, 100),
        "MaxAttempts": st.integers(0, 3),
        "BackoffRate": st.floats(1, 3).map(lambda x: round(x, 1)),
        "MaxDelaySeconds": st.integers(1, 1000),
        "JitterStrategy": st.sampled_from(["FULL", "NONE"]),
    },
)
comparisons = st.one_of(
    st.tuples(
        st.sampled_from(["IsPresent", "IsNull", "IsNumeric", "IsString", "BooleanEquals"]), st.booleans()
    ),
    st.tuples(
        st.sampled_from(["NumericEquals", "NumericGreaterThan", "NumericLessThanEquals"]), st.integers(-1, 3)
    ),
    st.tuples(
        st.sampled_from(["StringEquals", "StringMatches", "StringLessThan"]),
        st.sampled_from(["x", "*", "a*b"]),
    ),
    st.tuples(st.sampled_from(["TimestampEquals", "TimestampLessThan"]), st.sampled_from(TIMESTAMPS)),
    st.tuples(
        st.sampled_from(["StringEqualsPath", "NumericEqualsPath", "BooleanEqualsPath"]), reference_paths
    ),
)
tests: st.SearchStrategy[JSON] = st.recursive(
    st.tuples(reference_paths, comparisons).map(lambda both: {"Variable": both[0], both[1][0]: both[1][1]}),
    lambda inner: st.one_of(
        inner.map(lambda test: {"Not": test}),
        st.lists(inner, min_size=1, max_size=2).map(lambda found: {"And": found}),
        st.lists(inner, min_size=1, max_size=2).map(lambda found: {"Or": found}),
    ),
    max_leaves=3,
)


# Strategies are made once: making one costs far more than drawing from it.
YES_NO = st.booleans()
BELOW = [st.integers(0, max(0, count - 1)) for count in range(12)]
INPUT_PATHS = st.sampled_from(["$", "$.a", None])
RESULT_PATHS = st.sampled_from(["$", "$.r", "$.a.b", "$.b[0]", None])
ERROR_PATHS = st.sampled_from(["$.error", "$", None])
TIMEOUTS: Fields = {"TimeoutSeconds": st.integers(20, 1000), "HeartbeatSeconds": st.integers(1, 20)}
RETRIES = st.lists(retriers, min_size=1, max_size=2)
OUTPUTS = payloads("JSONata") | expressions
ITEMS: Tables = {
    "JSONata": {"Items": expressions | st.lists(json_values, max_size=3)},
    "JSONPath": {"ItemsPath": reference_paths},
}
WAITS = {
    "JSONata": [{"Seconds": 5}, {"Seconds": "{% $states.input.c %}"}, {"Timestamp": TIMESTAMPS[0]}],
    "JSONPath": [{"Seconds": 0}, {"Seconds": 90_000_000}, {"SecondsPath": "$.c"}, {"TimestampPath": "$.c"}],
}
CONDITIONS = {"JSONata": expressions.map(lambda text: {"Condition": text}), "JSONPath": tests}
FAILS: Tables = {
    "JSONata": {"Error": st.just("Broken"), "Cause": expressions},
    "JSONPath": {"Error": st.just("Broken"), "CausePath": st.sampled_from(["$.a", "States.UUID()"])},
}
SUCCEEDS: Tables = {"JSONata": {"Output": payloads("JSONata")}, "JSONPath": {"InputPath": st.just("$.a")}}
DATA: Tables = {
    "JSONata": {"Output": OUTPUTS, "Assign": assigns("JSONata")},
    "JSONPath": {"InputPath": INPUT_PATHS, "OutputPath": INPUT_PATHS},
}
RESULT: Tables = {"JSONata": {}, "JSONPath": {"ResultPath": RESULT_PATHS, "Assign": assigns("JSONPath")}}
PASSES: Tables = {"JSONata": {}, "JSONPath": {"Parameters": payloads("JSONPath"), "Result": json_values}}
CATCHES: Tables = {"JSONata": {"Output": payloads("JSONata")}, "JSONPath": {"ResultPath": ERROR_PATHS}}
DISTRIBUTED: Fields = {
    "ItemBatcher": st.fixed_dictionaries(
        {"MaxItemsPerBatch": st.integers(1, 3)}, optional={"BatchInput": st.just({"x": 1})}
    ),
    "ToleratedFailureCount": st.integers(0, 3),
    "ToleratedFailurePercentage": st.sampled_from([0, 33.4, 100]),
    "MaxConcurrency": st.integers(0, 3),
    "Label": st.just("label"),
}
SELECTORS: Tables = {"JSONata": {}, "JSONPath": {"ResultSelector": payloads("JSONPath")}}


class Writer:
    """Writes machines; names are counted so that each is unique in the definition."""

    def __init__(self, draw: Draw, language: str, type: str) -> None:
        self.draw = draw
        self.whole = language
        self.type = type
        self.count = 0

    def one(self, options: Sequence[Any]) -> Any:
        return options[self.draw(BELOW[len(options)])]

    def some(self, fields: Fields) -> JSON:
        return {name: self.draw(values) for name, values in fields.items() if self.draw(YES_NO)}

    def machine(self, depth: int) -> JSON:
        names = [self.name() for _ in range(1 + self.draw(BELOW[4 if depth == 0 else 2]))]
        states = {name: self.state(names[at + 1 :], depth) for at, name in enumerate(names)}
        return {"StartAt": names[0], "States": self.reachable(names[0], states)}

    def name(self) -> str:
        self.count += 1
        return f"state {self.count}"

    def reachable(self, start: str, states: JSON) -> JSON:
        found, todo = set(), [start]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.targets(states[name])
        return {name: state for name, state in states.items() if name in found}

    @staticmethod
    def targets(state: JSON) -> list[str]:
        rules = [*state.get("Choices", []), *state.get("Catch", []), state]
        return [rule[key] for rule in rules for key in ("Next", "Default") if key in rule]

    def state(self, later: list[str], depth: int) -> JSON:
        kinds = ["Pass", "Task", "Wait", "Succeed", "Fail", *(["Choice"] if later else [])]
        kind = self.one(kinds + (["Map", "Parallel"] if depth < 2 else []))
        language = self.language()
        state: JSON = {"Type": kind}
        if language != self.whole:
            state["QueryLanguage"] = language
        state |= getattr(self, f"write_{kind.lower()}")(language, later, depth)
        if kind not in ("Choice", "Succeed", "Fail"):
            state |= {"Next": self.one(later)} if later else {"End": True}
        return state

    def language(self) -> str:
        if self.whole == "JSONata":
            return "JSONata"
        return "JSONata" if self.draw(BELOW[4]) == 3 else "JSONPath"

    def data(self, language: str) -> JSON:
        """Fields that shape input and output."""
        return self.some(DATA[language] | RESULT[language])

    def handlers(self, language: str, later: list[str]) -> JSON:
        found: JSON = {}
        if self.draw(YES_NO):
            found["Retry"] = _all_last(self.draw(RETRIES))
        if later and self.draw(YES_NO):
            found["Catch"] = [self.catcher(language, later)]
        return found

    def catcher(self, language: str, later: list[str]) -> JSON:
        return {"ErrorEquals": [self.one(ERRORS)], "Next": self.one(later), **self.some(CATCHES[language])}

    def write_pass(self, language: str, later: list[str], depth: int) -> JSON:
        return {**self.data(language), **self.some(PASSES[language])}

    def write_task(self, language: str, later: list[str], depth: int) -> JSON:
        resource = self.one(RESOURCES[:-1] if self.type == "EXPRESS" else RESOURCES)
        field = "Arguments" if language == "JSONata" else "Parameters"
        state = {"Resource": resource, field: PARAMETERS.get(resource, {}) | self.draw(payloads(language))}
        state |= {**self.data(language), **self.handlers(language, later), **self.some(SELECTORS[language])}
        return state | self.some(TIMEOUTS)

    def write_wait(self, language: str, later: list[str], depth: int) -> JSON:
        return {**self.some(DATA[language]), **self.one(WAITS[language])}

    def write_choice(self, language: str, later: list[str], depth: int) -> JSON:
        count = 1 + self.draw(BELOW[3])
        rules = [{**self.draw(CONDITIONS[language]), "Next": self.one(later)} for _ in range(count)]
        return {"Choices": rules, **({"Default": self.one(later)} if self.draw(YES_NO) else {})}

    def write_succeed(self, language: str, later: list[str], depth: int) -> JSON:
        return self.some(SUCCEEDS[language])

    def write_fail(self, language: str, later: list[str], depth: int) -> JSON:
        return self.some(FAILS[language])

    def write_parallel(self, language: str, later: list[str], depth: int) -> JSON:
        branches = [self.machine(depth + 1) for _ in range(1 + self.draw(BELOW[3]))]
        return {"Branches": branches, **self.data(language), **self.handlers(language, later)}

    def write_map(self, language: str, later: list[str], depth: int) -> JSON:
        fields = ITEMS[language] | {"ItemSelector": payloads(language)}
        inside = (
            self.inline(depth) if self.type == "EXPRESS" or self.draw(YES_NO) else self.distributed(depth)
        )
        return {**inside, **self.some(fields), **self.data(language), **self.handlers(language, later)}

    def inline(self, depth: int) -> JSON:
        return {"ItemProcessor": self.machine(depth + 1), **self.some({"MaxConcurrency": BELOW[3]})}

    def distributed(self, depth: int) -> JSON:
        type = self.one(["STANDARD", "EXPRESS"])
        outer, self.type = self.type, type
        processor = self.machine(depth + 1)
        self.type = outer
        config = {"Mode": "DISTRIBUTED", "ExecutionType": type}
        return {"ItemProcessor": {**processor, "ProcessorConfig": config}, **self.some(DISTRIBUTED)}


def _all_last(handlers: list[JSON]) -> list[JSON]:
    """Handlers with at most one for States.ALL, and that one last."""
    everything = [handler for handler in handlers if handler["ErrorEquals"] == ["States.ALL"]]
    return [handler for handler in handlers if handler not in everything] + everything[:1]


@st.composite
def definitions(draw: Draw, type: str = "STANDARD") -> tuple[JSON, Any]:
    """A valid definition and an input for it."""
    language = "JSONata" if draw(YES_NO) else "JSONPath"
    machine = Writer(draw, language, type).machine(0)
    head = {"QueryLanguage": language} if language == "JSONata" or draw(YES_NO) else {}
    return {**head, **machine}, draw(inputs)


FIELDS = [
    *"Type Next End States StartAt Choices Branches ItemProcessor Retry Catch Parameters Arguments".split(),
    *"QueryLanguage Resource ItemReader ItemBatcher ResultWriter Assign Output Label Credentials".split(),
    *"ProcessorConfig Default ErrorEquals Variable x.$ ~/".split(),
]
odd = st.sampled_from(
    ["Pass", "Map", "$", "$.", "$[", "States.Format('", "{% ( %}", "{%%}", "${X}", "\ud800", "1.0"]
)
replacements = json_values | odd
WHERE = st.integers(0, 60)
HOW_OFTEN = st.integers(1, 3)
RARELY = st.integers(0, 5).map(lambda number: number == 5)


def keys_of(node: Any) -> list[Any]:
    return list(node) if isinstance(node, dict) else list(range(len(node)))


@st.composite
def mutilated(draw: Draw) -> dict[str, Any]:
    """A valid definition with some of its parts replaced, removed or added."""
    definition: dict[str, Any] = copy.deepcopy(draw(definitions())[0])
    for _ in range(draw(HOW_OFTEN)):
        node: Any = definition if draw(RARELY) else definition.get("States")
        if not isinstance(node, (dict, list)) or not node:
            continue
        key = keys_of(node)[draw(WHERE) % len(node)]
        while isinstance(node[key], (dict, list)) and node[key] and not draw(RARELY):
            node = node[key]
            key = keys_of(node)[draw(WHERE) % len(node)]
        if isinstance(node, dict) and draw(YES_NO):
            key = FIELDS[draw(WHERE) % len(FIELDS)]
        node[key] = draw(replacements)
    return definition
