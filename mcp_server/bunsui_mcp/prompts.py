"""Prompts from the folder of prompt texts: their front matter names purpose and variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from mcp import types

from bunsui.errors import InternalError, NotFound, UsageError
from bunsui.tools.text import line
from bunsui_mcp.sources import Context, PromptAnswer


@dataclass(frozen=True, slots=True)
class PromptText:
    """One prompt: a template with named variables."""

    name: str
    purpose: str
    variables: tuple[str, ...]
    body: str

    @property
    def title(self) -> str:
        """`Look into failure`."""
        return self.name.replace("_", " ").capitalize()

    def rendered(self, given: dict[str, str]) -> str:
        """The text with every variable filled in, each as one line. Raises UsageError."""
        missing = [name for name in self.variables if not given.get(name)]
        unknown = [name for name in given if name not in self.variables]
        if missing or unknown:
            problems = [f"{name} is required" for name in missing] + [
                f"{name} is unknown" for name in unknown
            ]
            raise UsageError(
                f"prompt {self.name}: {'; '.join(problems)}",
                next_steps=[f"variables: {', '.join(self.variables)}"],
                details={"prompt": self.name},
            )
        return self.body.format_map({name: line(given[name], 500) for name in self.variables})


@dataclass(frozen=True, slots=True)
class FolderPrompts:
    """The prompts that come with bunsui."""

    async def listed(self) -> Sequence[types.Prompt]:
        """All of them by name."""
        return [_described(prompt) for prompt in texts().values()]

    async def get(self, ctx: Context, params: types.GetPromptRequestParams) -> PromptAnswer:
        """One as a message of the user. Raises NotFound, UsageError."""
        prompt = texts().get(params.name)
        if prompt is None:
            raise NotFound(
                f"there is no prompt {params.name[:80]!r}", next_steps=[f"prompts: {', '.join(texts())}"]
            )
        content = types.TextContent(text=prompt.rendered(dict(params.arguments or {})))
        return types.GetPromptResult(
            description=prompt.purpose, messages=[types.PromptMessage(role="user", content=content)]
        )


def _described(prompt: PromptText) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=name, description=f"The {name.replace('_', ' ')}.", required=True)
        for name in prompt.variables
    ]
    return types.Prompt(name=prompt.name, title=prompt.title, description=prompt.purpose, arguments=arguments)


@cache
def texts() -> dict[str, PromptText]:
    """All prompt texts by name. Raises InternalError where the installation has none."""
    found = {prompt.name: prompt for prompt in _read()}
    if not found:
        raise InternalError("this installation has no prompts")
    return found


def _read() -> Iterator[PromptText]:
    for path in sorted(_folder().glob("*.md")):
        yield parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> PromptText:
    """A prompt from its file: front matter between `---`, then the body."""
    _, front, body = text.split("---\n", 2)
    about: dict[str, Any] = yaml.safe_load(front)
    used = {name for _, name, _, _ in Formatter().parse(body) if name is not None}
    variables = tuple(name for name in about["variables"] if name in used)
    return PromptText(name=about["name"], purpose=about["purpose"], variables=variables, body=body.strip())


def _folder() -> Path:
    """Inside the wheel, else beside the sources."""
    package = Path(str(files("bunsui")))
    return next(
        (path for path in (package / "prompts", package.parent / "prompts") if path.is_dir()), package
    )
