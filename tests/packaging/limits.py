"""Size limits of the sources, for what no linter measures; run as a script, it prints what is over.

A module is at most 600 lines, a function at most 60, blocks nest at most 4 deep, and no modules import each
other in a circle, imports inside functions included.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bunsui", "mcp_server/bunsui_mcp", "tui/bunsui_tui")
MODULE_LINES = 600
FUNCTION_LINES = 60
NESTING = 4

Function = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def over_size(path: Path, name: str) -> Iterator[str]:
    """Findings of one file, as `place: what is over which limit`."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{name}: {lines} lines, {MODULE_LINES} at most"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            yield from _over_function(node, name)


def _over_function(function: Function, name: str) -> Iterator[str]:
    place = f"{name}:{function.lineno} {function.name}"
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"{place}: {lines} lines, {FUNCTION_LINES} at most"
    depth = max((_depth(child, 0) for child in function.body), default=0)
    if depth > NESTING:
        yield f"{place}: blocks nest {depth} deep, {NESTING} at most"


def _depth(node: ast.AST, depth: int) -> int:
    if isinstance(node, SCOPES):
        return depth
    inner = depth + isinstance(node, BLOCKS)
    return max([inner, *(_depth(child, _level(node, child, inner)) for child in ast.iter_child_nodes(node))])


def _level(node: ast.AST, child: ast.AST, inner: int) -> int:
    """An `elif` stands beside its `if`, not inside it."""
    is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
    return inner - 1 if is_elif else inner


def cycle(packages: Sequence[str]) -> str | None:
    """One circle of imports among the packages, or None; what only type checkers see is no import."""
    graph = grimp.build_graph(*packages, cache_dir=None, exclude_type_checking_imports=True)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return " > ".join(reversed(error.args[1]))
    return None


def findings() -> Iterator[str]:
    """Everything that is over a limit."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from over_size(path, str(path.relative_to(ROOT)))
    circle = cycle([Path(package).name for package in PACKAGES])
    if circle is not None:
        yield f"import cycle: {circle}"


def main() -> int:
    found = list(findings())
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"Size limits: {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
