"""Pools of a profile: their sizes come from the settings, and are kept where control reads them."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.control.others import let_waiting_go
from bunsui.core.models.limit import Pool
from bunsui.core.models.pipeline import Pipeline
from bunsui.core.ports.store import Transaction
from bunsui.core.session.contention import retried
from bunsui.core.session.ports import SessionPorts
from bunsui.errors import UsageError


def check_pools(ports: SessionPorts, profile: str, pipeline: Pipeline) -> None:
    """Raises UsageError for a pool without a size, or of which a job takes more than there is."""
    for name, job in pipeline.jobs.items():
        for pool, units in job.pool.items():
            size = ports.pools.get(pool)
            if size is None:
                raise UsageError(
                    f"pipeline {pipeline.name}: job {name} takes from pool {pool}, which has no size.",
                    next_steps=[f"Set it in the configuration: [profiles.{profile}.pools] {pool} = 4"],
                    details={"pool": pool, "job": name},
                )
            if units > size:
                raise UsageError(
                    f"pipeline {pipeline.name}: job {name} takes {units} units of pool {pool}, "
                    f"which has {size}.",
                    next_steps=["Take fewer, or make the pool larger in the configuration."],
                    details={"pool": pool, "job": name, "size": size},
                )


async def set_pools(ports: SessionPorts, profile: str, pipelines: Iterable[Pipeline]) -> None:
    """Keep the sizes of the pools that the pipelines take from, as the settings have them now.

    Where one has grown, those go who waited for it.
    """
    names = {pool for pipeline in pipelines for job in pipeline.jobs.values() for pool in job.pool}
    if not names:
        return

    async def step() -> None:
        known = {pool.name: pool for pool in await ports.store.limits.pools(profile)}
        new = [
            Pool(profile=profile, name=name, size=ports.pools[name]) for name in sorted(names - known.keys())
        ]
        sized = {name: known[name] for name in names & known.keys() & ports.pools.keys()}
        grown = [
            pool.next(size=ports.pools[name])
            for name, pool in sized.items()
            if pool.size != ports.pools[name]
        ]
        if new or grown:
            await ports.store.commit(Transaction(put=[*new, *grown]))

    await retried(step)
    await let_waiting_go(ports.control, profile)
