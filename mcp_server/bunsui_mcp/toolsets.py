"""Toolsets: which of the registry's tools a host loads."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bunsui.core.models.plan import Effect
from bunsui.errors import UsageError
from bunsui.tools.registry import Entry, Registry
from bunsui_mcp.options import Options, switch

DEFAULT = (
    "pipeline_list pipeline_show pipeline_validate pipeline_plan pipeline_register "
    "session_list session_show session_start session_stop session_rerun session_accept session_wait "
    "job_show job_logs approval_list approval_show ops_doctor pipeline_delete session_delete"
).split()
"""What a host gets without asking: the way from a question to a rerun. The switches decide about the rest."""


def names(registry: Registry) -> tuple[str, ...]:
    """All toolsets: `default`, `all`, `reads`, and one for each noun."""
    return ("default", "all", "reads", *dict.fromkeys(entry.noun for entry in registry))


def selected(registry: Registry, options: Options) -> tuple[Entry, ...]:
    """The tools of the chosen toolsets, with every effect. Raises UsageError for a name that is none."""
    known = names(registry)
    for name in options.toolsets:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no toolset {name[:80]!r}",
                next_steps=[*(f"did you mean {one}?" for one in near), f"toolsets: {', '.join(known)}"],
            )
    return tuple(entry for entry in registry if any(_holds(name, entry) for name in options.toolsets))


def offered(registry: Registry, options: Options) -> tuple[Entry, ...]:
    """Those of them that the server's switches permit."""
    return tuple(entry for entry in selected(registry, options) if options.permits(entry.effect))


def lacking(registry: Registry, options: Options) -> dict[str, str]:
    """The tools that are not offered, with the flags of a server like this one that offers them."""
    has = {entry.name for entry in selected(registry, options)}
    return {
        entry.name: " ".join(_flags(entry, options, within=entry.name in has))
        for entry in registry
        if entry.name not in has or not options.permits(entry.effect)
    }


def _flags(entry: Entry, options: Options, *, within: bool) -> Iterator[str]:
    """A toolset that is named replaces the default one: those that there are come along."""
    if not options.permits(entry.effect):
        yield switch(entry.effect)
    if not within:
        yield from (f"--toolset {name}" for name in (*options.toolsets, entry.noun))


def _holds(toolset: str, entry: Entry) -> bool:
    """Whether a tool is in a toolset."""
    if toolset == "default":
        return entry.name in DEFAULT
    if toolset == "reads":
        return entry.effect is Effect.READ
    return toolset in {"all", entry.noun}
