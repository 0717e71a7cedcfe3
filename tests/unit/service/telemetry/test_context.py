"""Ids reach everything that is done for them, and nothing else."""

import asyncio
import pickle

from trackspeak.service.telemetry.context import Ids, bound, continuing, current

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_is_bound_ends_with_the_block_and_keeps_the_rest() -> None:
    with bound(request_id="r1"):
        with bound(job_id="j1") as ids:
            assert ids == current() == Ids("r1", "j1")
        assert current() == Ids("r1")
    assert current() == Ids()


def test_threads_and_tasks_have_the_ids_of_whoever_began_them() -> None:
    async def one(name: str) -> str | None:
        with bound(request_id=name):
            await asyncio.sleep(0)
            return (await asyncio.to_thread(current)).request_id

    async def all_of_them() -> list[str | None]:
        return await asyncio.gather(*(one(name) for name in "abc"))

    assert asyncio.run(all_of_them()) == ["a", "b", "c"]


def test_another_process_continues_with_the_ids_that_it_was_sent() -> None:
    sent = pickle.dumps(Ids("r1", "j1", TRACEPARENT))
    with bound(request_id="mine"), continuing(pickle.loads(sent)):  # noqa: S301 our own
        assert current() == Ids("r1", "j1", TRACEPARENT)
        assert current().trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert Ids().trace_id is None
