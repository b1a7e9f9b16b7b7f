"""Maintenance of a profile: while it is on, what runs finishes and nothing begins."""

from __future__ import annotations

from bunsui.core.control.others import nudge_session
from bunsui.core.models.limit import Maintenance
from bunsui.core.models.plan import StoredPlan
from bunsui.core.ports.store import Store, Transaction
from bunsui.core.session.confirm import used
from bunsui.core.session.contention import retried
from bunsui.core.session.outcomes import MaintenancePlan
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import MaintenanceRequest
from bunsui.errors import UnderMaintenance


async def check_maintenance(store: Store, profile: str) -> None:
    """Raises UnderMaintenance, saying who and why, while nothing may be started."""
    found = await store.limits.maintenance(profile)
    if found is None or not found.on:
        return
    why = f": {found.reason}" if found.reason else ""
    raise UnderMaintenance(
        f"Profile {profile} is in maintenance since {found.at:%Y-%m-%d %H:%M:%S} UTC, by {found.by}{why}.",
        next_steps=["Wait until it ends, or end it: bunsui ops maintenance off"],
        details={"profile": profile, "by": found.by, "at": found.at.isoformat(), "reason": found.reason},
    )


async def plan_maintenance(ports: SessionPorts, request: MaintenanceRequest) -> MaintenancePlan:
    """What would change; empty where it is so already."""
    found = await ports.store.limits.maintenance(request.profile)
    same = (found is not None and found.on) is request.on
    return MaintenancePlan(profile=request.profile, on=request.on, reason=request.reason, empty=same)


async def maintain(
    ports: SessionPorts, request: MaintenanceRequest, *, by: str, approved: StoredPlan | None = None
) -> MaintenancePlan:
    """Begin or end the maintenance. Sessions that were held go on where they were. Raises as `used`."""

    async def step() -> MaintenancePlan:
        at = ports.clock.now()
        found = await ports.store.limits.maintenance(request.profile)
        plan = await plan_maintenance(ports, request)
        stored = await ports.store.plans.plan(approved.id) if approved else None
        spent = used(stored, plan, at)
        now = Maintenance(
            profile=request.profile,
            on=request.on,
            by=by,
            at=at,
            reason=request.reason,
            version=found.version + 1 if found else 1,
        )
        await ports.store.commit(Transaction(put=[*([] if plan.empty else [now]), *spent]))
        return plan

    plan = await retried(step)
    for session in await ports.store.sessions.active():
        if session.profile == request.profile:
            await nudge_session(ports.control, session.id, firmly=True)
    return plan
