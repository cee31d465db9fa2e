"""The threads of a hub in which calls of the platform wait."""

import asyncio
import threading

from vendor_admin.sync.socket.threads import OF_ONE_ORGANIZATION, Threads


def test_a_call_that_nobody_waits_for_any_more_keeps_its_organizations_turn_until_it_ends() -> None:
    may_end, under_way = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        under_way.release()
        may_end.wait(20)

    async def story() -> None:
        threads = Threads()
        try:
            hanging = [asyncio.create_task(threads.run_for(1, hang)) for _ in range(OF_ONE_ORGANIZATION)]
            for _ in hanging:
                assert await asyncio.to_thread(under_way.acquire, timeout=20)
            for one in hanging:
                one.cancel()
            await asyncio.wait(hanging)
            next_one = asyncio.create_task(threads.run_for(1, lambda: "done"))
            assert await threads.run_for(2, lambda: "another organization") == "another organization"
            ended, _ = await asyncio.wait([next_one], timeout=0.3)
            assert not ended, "a third thread of the same organization"
            may_end.set()
            assert await next_one == "done"
        finally:
            may_end.set()
            await threads.close()

    asyncio.run(story())
