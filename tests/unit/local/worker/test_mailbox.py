"""Posts on their way to the driver: in their order, each once, and nobody sleeps past one."""

from __future__ import annotations

import asyncio

from bunsui.asl.signals import Stop
from bunsui.local.worker.mailbox import Mailbox, Post, settle


async def test_posts_come_in_their_order_and_once() -> None:
    box = Mailbox()
    for number in range(3):
        box.post(Post(execution=number))
    box.send(3, Stop(0.0, None, None))
    assert [post.execution for post in box.take()] == [0, 1, 2, 3]
    assert box.take() == []


async def test_a_post_or_a_call_wakes_who_waits() -> None:
    box = Mailbox()
    for wake in (box.wake, lambda: box.post(Post(execution=1))):
        waiting = asyncio.create_task(box.wait(60))
        await asyncio.sleep(0)
        wake()
        async with asyncio.timeout(10):
            await waiting


async def test_nobody_waits_where_a_post_lies_already() -> None:
    box = Mailbox()
    box.post(Post(execution=1))
    async with asyncio.timeout(10):
        await box.wait(60)
    assert len(box.take()) == 1


async def test_a_wait_ends_by_itself() -> None:
    box = Mailbox()
    await box.wait(0)
    assert box.take() == []


async def test_who_gave_up_waiting_for_a_commit_is_left_alone() -> None:
    loop = asyncio.get_running_loop()
    waiting, gone = loop.create_future(), loop.create_future()
    gone.cancel()
    for done in (waiting, gone, waiting):
        settle(done)
    assert waiting.done()
    assert gone.cancelled()
