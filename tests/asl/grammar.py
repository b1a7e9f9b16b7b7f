"""A Hypothesis grammar of state machine definitions: every one is valid and ends.

States only go on to later states, so that no execution runs for ever; what they do with their data may
well fail, as in life. `definitions` gives (definition, input); mocks for the Task states come from
`answers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

JSON = dict[str, Any]
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


def payloads(language: str) -> st.SearchStrategy[JSON]:
    """A payload template, or an object with expressions."""
    if language == "JSONata":
        return st.dictionaries(st.sampled_from(KEYS), expressions | json_values, max_size=3)
    plain = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=2)
    evaluated = st.dictionaries(st.sampled_from([f"{key}.$" for key in "pqr"]), paths | calls, max_size=2)
    return st.tuples(plain, evaluated).map(lambda both: {**both[0], **both[1]})


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


class Writer:
    """Writes machines; names are counted so that each is unique in the definition."""

    def __init__(self, draw: Draw, language: str, type: str) -> None:
        self.draw = draw
        self.whole = language
        self.type = type
        self.count = 0

    def machine(self, depth: int) -> JSON:
        names = [self.name() for _ in range(self.draw(st.integers(1, 4 if depth == 0 else 2)))]
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
                todo += [other for other in states if f'"{other}"' in str(self.targets(states[name]))]
        return {name: state for name, state in states.items() if name in found}

    @staticmethod
    def targets(state: JSON) -> list[str]:
        rules = [*state.get("Choices", []), *state.get("Catch", []), state]
        return [f'"{rule[key]}"' for rule in rules for key in ("Next", "Default") if key in rule]

    def state(self, later: list[str], depth: int) -> JSON:
        kinds = (
            ["Pass", "Task", "Wait", "Choice", "Succeed", "Fail"]
            if later
            else ["Pass", "Task", "Succeed", "Fail", "Wait"]
        )
        kind = self.draw(st.sampled_from(kinds + (["Map", "Parallel"] if depth < 2 else [])))
        language = self.language()
        state: JSON = {"Type": kind}
        if language != self.whole:
            state["QueryLanguage"] = language
        state |= getattr(self, kind.lower())(language, later, depth)
        if kind not in ("Choice", "Succeed", "Fail"):
            state |= {"Next": self.draw(st.sampled_from(later))} if later else {"End": True}
        return state

    def language(self) -> str:
        if self.whole == "JSONata":
            return "JSONata"
        language: str = self.draw(st.sampled_from(["JSONPath", "JSONPath", "JSONPath", "JSONata"]))
        return language

    def some(self, **fields: st.SearchStrategy[Any]) -> JSON:
        found: JSON = self.draw(st.fixed_dictionaries({}, optional=fields))
        return found

    def data(self, language: str, *, result: bool) -> JSON:
        """Fields that shape input and output."""
        if language == "JSONata":
            return self.some(Output=payloads(language) | expressions, Assign=assigns(language))
        fields: dict[str, st.SearchStrategy[Any]] = {
            "InputPath": st.sampled_from(["$", "$.a", None]),
            "OutputPath": st.sampled_from(["$", "$.a", None]),
        }
        if result:
            fields |= {
                "ResultPath": st.sampled_from(["$", "$.r", "$.a.b", "$.b[0]", None]),
                "Assign": assigns(language),
            }
        return self.some(**fields)

    def handlers(self, language: str, later: list[str]) -> JSON:
        found: JSON = {}
        if self.draw(st.booleans()):
            found["Retry"] = _all_last(self.draw(st.lists(retriers, min_size=1, max_size=2)))
        if later and self.draw(st.booleans()):
            found["Catch"] = [self.catcher(language, later)]
        return found

    def catcher(self, language: str, later: list[str]) -> JSON:
        path = {"ResultPath": st.sampled_from(["$.error", "$", None])}
        fields = {"Output": payloads("JSONata")} if language == "JSONata" else path
        target = self.draw(st.sampled_from(later))
        return {"ErrorEquals": [self.draw(st.sampled_from(ERRORS))], "Next": target, **self.some(**fields)}

    def pass_(self, language: str, later: list[str], depth: int) -> JSON:
        own = {} if language == "JSONata" else self.some(Parameters=payloads(language), Result=json_values)
        return {**self.data(language, result=True), **own}

    def task(self, language: str, later: list[str], depth: int) -> JSON:
        resources = RESOURCES[:-1] if self.type == "EXPRESS" else RESOURCES
        resource = self.draw(st.sampled_from(resources))
        field = "Arguments" if language == "JSONata" else "Parameters"
        parameters = PARAMETERS.get(resource, {}) | self.draw(payloads(language))
        state = {
            "Resource": resource,
            field: parameters,
            **self.data(language, result=True),
            **self.handlers(language, later),
        }
        if language == "JSONPath":
            state |= self.some(ResultSelector=payloads(language))
        return state | self.some(TimeoutSeconds=st.integers(20, 1000), HeartbeatSeconds=st.integers(1, 20))

    def wait(self, language: str, later: list[str], depth: int) -> JSON:
        if language == "JSONata":
            when = st.sampled_from(
                [{"Seconds": 5}, {"Seconds": "{% $states.input.c %}"}, {"Timestamp": TIMESTAMPS[0]}]
            )
        else:
            when = st.sampled_from(
                [{"Seconds": 0}, {"Seconds": 90_000_000}, {"SecondsPath": "$.c"}, {"TimestampPath": "$.c"}]
            )
        return {**self.data(language, result=False), **self.draw(when)}

    def choice(self, language: str, later: list[str], depth: int) -> JSON:
        count = self.draw(st.integers(1, 3))
        test = expressions.map(lambda text: {"Condition": text}) if language == "JSONata" else tests
        rules = [{**self.draw(test), "Next": self.draw(st.sampled_from(later))} for _ in range(count)]
        return {"Choices": rules, **self.some(Default=st.sampled_from(later))}

    def succeed(self, language: str, later: list[str], depth: int) -> JSON:
        fields = {"Output": payloads(language)} if language == "JSONata" else {"InputPath": st.just("$.a")}
        return self.some(**fields)

    def fail(self, language: str, later: list[str], depth: int) -> JSON:
        if language == "JSONata":
            return self.some(Error=st.just("Broken"), Cause=expressions)
        return self.some(Error=st.just("Broken"), CausePath=st.sampled_from(["$.a", "States.UUID()"]))

    def parallel(self, language: str, later: list[str], depth: int) -> JSON:
        branches = [self.machine(depth + 1) for _ in range(self.draw(st.integers(1, 3)))]
        return {"Branches": branches, **self.data(language, result=True), **self.handlers(language, later)}

    def map(self, language: str, later: list[str], depth: int) -> JSON:
        items = {"Items": expressions | st.lists(json_values, max_size=3)} if language == "JSONata" else {}
        items = items or {"ItemsPath": reference_paths, "MaxConcurrencyPath": st.just("$.c")}
        state = {
            "ItemProcessor": self.machine(depth + 1),
            **self.some(**items, ItemSelector=payloads(language)),
        }
        return {**state, **self.data(language, result=True), **self.handlers(language, later)}


setattr(Writer, "pass", Writer.pass_)


def _all_last(handlers: list[JSON]) -> list[JSON]:
    """Handlers with at most one for States.ALL, and that one last."""
    everything = [handler for handler in handlers if handler["ErrorEquals"] == ["States.ALL"]]
    return [handler for handler in handlers if handler not in everything] + everything[:1]


@st.composite
def definitions(draw: Draw, type: str = "STANDARD") -> tuple[JSON, Any]:
    """A valid definition and an input for it."""
    language = draw(st.sampled_from(["JSONPath", "JSONata"]))
    machine = Writer(draw, language, type).machine(0)
    head = {"QueryLanguage": language} if language == "JSONata" or draw(st.booleans()) else {}
    return {**head, **machine}, draw(inputs)
