"""The composition root: settings become a runtime."""

from __future__ import annotations

import os

from bunsui.core.session.retention import Retention
from bunsui.tools.context import Ports, Profile
from bunsui.tools.policy import Policy, rules
from bunsui.tools.runtime import Runtime
from bunsui.utils.config import Settings


def build(settings: Settings) -> Runtime:
    """The runtime of a profile. Nothing is opened, made or started before a tool needs it."""
    from bunsui.local.backend import LocalSettings, open_local

    backend = open_local(
        settings.data_dir,
        settings=LocalSettings(
            environment=dict(os.environ),  # noqa: TID251  # handlers inherit it; nothing is read from it
            python=settings.python,
            worker_idle=settings.worker_idle,
            endpoint=settings.integrations_endpoint,
            mocks=settings.integrations_mocks,
        ),
    )
    return Runtime(
        ports=Ports(
            store=backend.store,
            blobs=backend.blobs,
            logs=backend.logs,
            engine=backend.engine,
            exchange=backend.exchange,
            code=backend.code,
            health=backend.health,
            storage=backend.storage,
            clock=backend.clock,
            ids=backend.ids,
            pools=settings.pools,
        ),
        profile=Profile(
            name=settings.profile,
            protected=settings.protected,
            retention=Retention(days=settings.retention_days, sessions=settings.retention_sessions),
        ),
        policy=Policy(rules(settings.policy)),
    )
