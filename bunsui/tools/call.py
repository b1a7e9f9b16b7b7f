"""One call on its way through `invoke`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bunsui.core.models.audit import AuditEntry
from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import StoredPlan
from bunsui.tools.approver import Approver
from bunsui.tools.context import Caller, Emit, ToolContext
from bunsui.tools.redact import redact
from bunsui.tools.runtime import Runtime
from bunsui.tools.text import line
from bunsui.tools.tool import AnyTool, ChangeInput, Input, Output, ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is called, by whom, with which arguments."""

    runtime: Runtime
    tool: AnyTool
    input: Input
    caller: Caller
    approver: Approver
    emit: Emit
    wait: float

    def context(self, plan: StoredPlan | None = None) -> ToolContext:
        """What the tool's functions get."""
        return ToolContext(
            ports=self.runtime.ports,
            profile=self.runtime.profile,
            caller=self.caller,
            emit=self.emit,
            plan=plan,
        )

    @property
    def dry_run(self) -> bool:
        """Whether only the plan is wanted."""
        return bool(getattr(self.input, "dry_run", False))

    @property
    def plan_id(self) -> str | None:
        """The plan that the caller wants to go on with."""
        return self.input.plan_id if isinstance(self.input, ChangeInput) else None

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """The canonical arguments: with defaults, without what only steers the approval."""
        return self.input.model_dump(mode="json", exclude={"plan_id", "dry_run"})

    @property
    def given(self) -> dict[str, JsonValue]:
        """The arguments that say something else than the defaults, redacted: for records and people."""
        given = self.input.model_dump(mode="json", exclude={"plan_id", "dry_run"}, exclude_defaults=True)
        redacted = redact(given)
        return redacted if isinstance(redacted, dict) else {}

    @property
    def _session(self) -> str | None:
        """The session that the caller named; there need not be one of that id."""
        session = getattr(self.input, "session", None)
        return line(session, 80) if isinstance(session, str) else None

    def result(self, output: Output, plan: StoredPlan | None = None, *warnings: str) -> ToolResult:
        """The output with its one line."""
        return ToolResult(
            tool=self.tool.name, output=output, summary=output.headline, plan=plan, warnings=warnings
        )

    async def record(
        self,
        kind: str,
        *,
        plan: StoredPlan | None = None,
        subject: str | None = None,
        data: Mapping[str, JsonValue],
    ) -> AuditEntry:
        """Append to the audit trail, about the session that was named where nothing else is said.

        Raises StoreError; then what was to be recorded must not happen.
        """
        return await record(
            self.runtime,
            self.caller,
            AuditSubject(
                kind=kind,
                tool=self.tool.name,
                plan_id=plan.id if plan else None,
                subject=subject or self._session,
            ),
            data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSubject:
    """What an audit entry is about."""

    kind: str
    tool: str
    plan_id: str | None = None
    subject: str | None = None


async def record(
    runtime: Runtime, caller: Caller, about: AuditSubject, data: Mapping[str, JsonValue]
) -> AuditEntry:
    """Append an entry, redacted, to the audit trail of the runtime's profile."""
    redacted = redact(dict(data))
    entry = AuditEntry(
        at=runtime.ports.clock.now(),
        kind=about.kind,
        caller=caller.kind,
        actor=caller.actor,
        profile=runtime.profile.name,
        tool=about.tool,
        plan_id=about.plan_id,
        subject=about.subject,
        data=redacted if isinstance(redacted, dict) else {},
    )
    return await runtime.ports.store.audit.append(entry)
