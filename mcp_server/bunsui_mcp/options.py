"""What a server offers and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass

from bunsui.core.models.plan import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which tools are offered, and how long a call waits for a person. Times in seconds.

    `answer_within` is for a question in the client's dialogue, `decide_within` for a decision on a
    terminal while a call is repeated with its plan; hosts give up on a call after 60.
    `text_only` repeats the document as JSON text, for hosts that pass no structured content on.
    """

    allow_write: bool = False
    allow_destroy: bool = False
    toolsets: tuple[str, ...] = ("default",)
    answer_within: float = 45.0
    decide_within: float = 45.0
    text_only: bool = False

    def permits(self, effect: Effect) -> bool:
        """Whether tools with that effect are offered."""
        if effect is Effect.READ:
            return True
        return self.allow_destroy if effect is Effect.DESTROY else self.allow_write


def switch(effect: Effect) -> str:
    """The switch of the server that offers tools with that effect."""
    return "--allow-destroy" if effect is Effect.DESTROY else "--allow-write"
