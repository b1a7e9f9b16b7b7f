"""How fast the interpreter is, without any store: `python bench/engine.py [--large]`.

Prints transitions per second over loops of growing length (the time per transition must not grow),
maps, child executions, JSONata, replay, and the memory of executions that wait. `--large` adds the
loop of a million.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.asl import Continue, Execution, ExecutionStart, Machine, TimeReached, compile_machine, replay

PASS = {"Type": "Pass", "End": True}
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


def loop(count: int) -> dict[str, Any]:
    """A Choice and a Pass in a circle, `count` times each, in JSONPath."""
    rule = {"Variable": "$.n", "NumericLessThan": count, "Next": "Inc"}
    return {
        "StartAt": "Init",
        "States": {
            "Init": {"Type": "Pass", "Result": 0, "ResultPath": "$.n", "Next": "Check"},
            "Check": {"Type": "Choice", "Choices": [rule], "Default": "Done"},
            "Inc": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Check"},
            "Done": {"Type": "Succeed"},
        },
    }


def jsonata_loop(count: int) -> dict[str, Any]:
    """The same in JSONata."""
    rule = {"Condition": f"{{% $states.input.n < {count} %}}", "Next": "Inc"}
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Init",
        "States": {
            "Init": {"Type": "Pass", "Output": {"n": 0}, "Next": "Check"},
            "Check": {"Type": "Choice", "Choices": [rule], "Default": "Done"},
            "Inc": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "Check"},
            "Done": {"Type": "Succeed"},
        },
    }


def mapped(config: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Map of one Pass."""
    processor: dict[str, Any] = {"StartAt": "P", "States": {"P": PASS}}
    if config:
        processor["ProcessorConfig"] = config
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}


def begin(machine: Machine, input: Any) -> Execution:
    record = ExecutionStart(
        arn="arn:aws:states:us-east-1:123456789012:execution:bench:run",
        name="run",
        input=input,
        started_at=0.0,
    )
    execution = Execution(machine, record)
    execution.start()
    return execution


def run(machine: Machine, input: Any) -> Execution:
    execution = begin(machine, input)
    while execution.runnable:
        execution.apply(Continue(0.0))
    if execution.status != "SUCCEEDED":
        raise SystemExit(f"{execution.status}: {execution.cause}")
    return execution


def timed(work: Callable[[], Any], runs: int = 3) -> float:
    best = float("inf")
    for _ in range(runs):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def show(name: str, count: int, seconds: float) -> None:
    rate = f"{count / seconds:>10,.0f}/s"
    print(f"{name:<34}{count:>10,}{seconds * 1000:>12.1f} ms{rate}{seconds / count * 1e6:>9.2f} us each")


def memory() -> float:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() / 2**20


def waiting(count: int) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    machine = compile_machine(wait)
    before = memory()
    executions = [begin(machine, {"n": n}) for n in range(count)]
    print(f"{'executions that wait':<34}{count:>10,}{memory() - before:>12.1f} MiB")
    show("their timers", count, timed(lambda: [one.apply(TimeReached(3600.0)) for one in executions], 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    large = parser.parse_args().large
    for count in (1_000, 10_000, 100_000, *([1_000_000] if large else [])):
        machine = compile_machine(loop(count // 2), "EXPRESS")
        show(
            "loop, JSONPath",
            count,
            timed(partial(run, machine, {}), 1 if count > 100_000 else 3),
        )
    machine = compile_machine(jsonata_loop(5_000), "EXPRESS")
    show("loop, JSONata", 10_000, timed(lambda: run(machine, {})))
    inline = compile_machine(mapped())
    show("inline map, items", 1_000, timed(lambda: run(inline, list(range(1_000)))))
    children = compile_machine(mapped(DISTRIBUTED))
    show("distributed map, items", 10_000, timed(lambda: run(children, list(range(10_000)))))
    small = compile_machine(loop(1))
    show("five states, start to end", 1, timed(lambda: run(small, {})))
    looping = compile_machine(loop(5_000), "EXPRESS")
    record = run(looping, {}).record_of_start
    show("replay of a loop", 10_000, timed(lambda: replay(looping, record, [Continue(0.0)] * 6)))
    show("compile five states", 1, timed(lambda: compile_machine(loop(1))))
    waiting(10_000)


if __name__ == "__main__":
    main()
