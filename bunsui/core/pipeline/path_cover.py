"""Cover a DAG with as few paths as possible, by maximum matching (Dilworth, Hopcroft and Karp).

A path follows dependency edges only, so a job never stands behind one that it does not depend on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["path_cover"]


def path_cover(order: Sequence[str], dependents: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Paths that hold every node exactly once, each in dependency order, by their first node.

    `order` is topological; equal inputs give equal covers.
    """
    rank = {node: index for index, node in enumerate(order)}
    edges = {node: sorted(dependents[node], key=rank.__getitem__) for node in order}
    after = _matching(order, edges)
    heads = set(order) - set(after.values())
    return [_follow(node, after) for node in order if node in heads]


def _follow(node: str, after: Mapping[str, str]) -> list[str]:
    path = [node]
    while (following := after.get(path[-1])) is not None:
        path.append(following)
    return path


def _matching(order: Sequence[str], edges: Mapping[str, list[str]]) -> dict[str, str]:
    """For as many nodes as possible the one that follows it in its path."""
    after: dict[str, str] = {}
    before: dict[str, str] = {}
    while True:
        layer = _layers(order, edges, after, before)
        grown = [_augment(node, edges, layer, after, before) for node in order if node not in after]
        if not any(grown):
            return after


def _layers(
    order: Sequence[str], edges: Mapping[str, list[str]], after: Mapping[str, str], before: Mapping[str, str]
) -> dict[str, int]:
    """Distance of every node from the unmatched ones, along alternating edges."""
    frontier = [node for node in order if node not in after]
    layer = dict.fromkeys(frontier, 0)
    for node in frontier:
        for following in edges[node]:
            owner = before.get(following)
            if owner is not None and owner not in layer:
                layer[owner] = layer[node] + 1
                frontier.append(owner)
    return layer


def _augment(
    root: str,
    edges: Mapping[str, list[str]],
    layer: dict[str, int],
    after: dict[str, str],
    before: dict[str, str],
) -> bool:
    """Find an augmenting path from an unmatched node and flip it."""
    stack = [(root, iter(edges[root]))]
    taken: list[str] = []
    while stack:
        node, rest = stack[-1]
        step = next((to for to in rest if to not in before or layer.get(before[to]) == layer[node] + 1), None)
        if step is None:
            layer[node] = -1
            stack.pop()
            del taken[len(stack) - 1 :]
            continue
        taken.append(step)
        if step not in before:
            _flip([entry[0] for entry in stack], taken, after, before)
            return True
        stack.append((before[step], iter(edges[before[step]])))
    return False


def _flip(nodes: list[str], taken: list[str], after: dict[str, str], before: dict[str, str]) -> None:
    for node, following in zip(nodes, taken, strict=True):
        after[node] = following
        before[following] = node
