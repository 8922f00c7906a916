"""What every runtime must do. A subclass gives the fixture `runtime`; nothing here knows what runs the replicas."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Replica, ReplicaState
from console.ports.runtime import ReplicaChanged, Runtime

DEADLINE = 60.0


async def of(runtime: Runtime, color: Color) -> tuple[Replica, ...]:
    return tuple(replica for replica in await runtime.replicas() if replica.color is color)


async def up(runtime: Runtime, color: Color, *, replicas: int = 1) -> tuple[Replica, ...]:
    await runtime.start(color, await runtime.build(color), replicas=replicas)
    return await of(runtime, color)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110 - another process can't set an event of ours
            await asyncio.sleep(0.05)


@asynccontextmanager
async def removed_afterwards(runtime: Runtime) -> AsyncIterator[Runtime]:
    """Hand a runtime to a test; remove both colors and close it afterwards."""
    try:
        yield runtime
    finally:
        for color in Color:
            await runtime.remove(color)
        await runtime.close()


async def next_of(changes: AsyncIterator[ReplicaChanged], what: str) -> ReplicaChanged:
    async with asyncio.timeout(DEADLINE):
        async for change in changes:
            if change.what == what:
                return change
    raise AssertionError(f"the changes ended without {what}")


class RuntimeContract:
    async def test_at_first_there_is_nothing(self, runtime: Runtime) -> None:
        assert await runtime.replicas() == ()

    async def test_replicas_are_started_from_exactly_the_image(self, runtime: Runtime) -> None:
        image = await runtime.build(Color.GREEN)
        await runtime.start(Color.GREEN, image, replicas=2)
        replicas = await runtime.replicas()
        assert [replica.color for replica in replicas] == [Color.GREEN, Color.GREEN]
        assert {replica.state for replica in replicas} == {ReplicaState.RUNNING}
        assert {replica.image_id for replica in replicas} == {image.id}
        for field in ("id", "name", "address"):
            assert len({getattr(replica, field) for replica in replicas}) == 2
        for replica in replicas:
            assert replica.address is not None
            assert replica.address.count(":") == 1
            assert replica.started_at
            assert replica.config_hash
            assert replica.exit_code is None

    async def test_replicas_are_ordered_by_color_and_number(self, runtime: Runtime) -> None:
        await up(runtime, Color.GREEN, replicas=2)
        await up(runtime, Color.BLUE)
        replicas = await runtime.replicas()
        assert [replica.color for replica in replicas] == [Color.BLUE, Color.GREEN, Color.GREEN]
        assert replicas[1].name < replicas[2].name

    async def test_a_color_that_exists_is_not_started_again(self, runtime: Runtime) -> None:
        before = await up(runtime, Color.BLUE)
        with pytest.raises(RuntimeFailedError):
            await runtime.start(Color.BLUE, await runtime.build(Color.BLUE), replicas=1)
        assert await of(runtime, Color.BLUE) == before

    async def test_nothing_that_is_done_to_a_color_touches_the_other(self, runtime: Runtime) -> None:
        blue = await up(runtime, Color.BLUE)
        await up(runtime, Color.GREEN)
        assert await of(runtime, Color.BLUE) == blue
        await runtime.stop(Color.GREEN)
        assert await of(runtime, Color.BLUE) == blue
        await runtime.resume(Color.GREEN)
        assert await of(runtime, Color.BLUE) == blue
        await runtime.remove(Color.GREEN)
        assert await runtime.replicas() == blue

    async def test_stopped_replicas_stay_listed_with_their_exit_code(self, runtime: Runtime) -> None:
        (before,) = await up(runtime, Color.GREEN)
        await runtime.stop(Color.GREEN)
        (after,) = await of(runtime, Color.GREEN)
        assert (after.id, after.name, after.image_id) == (before.id, before.name, before.image_id)
        assert after.state is ReplicaState.EXITED
        assert not after.running
        assert after.exit_code is not None

    async def test_stopping_what_is_stopped_changes_nothing(self, runtime: Runtime) -> None:
        await up(runtime, Color.GREEN)
        await runtime.stop(Color.GREEN)
        before = await runtime.replicas()
        await runtime.stop(Color.GREEN)
        assert await runtime.replicas() == before

    async def test_resumed_replicas_are_the_same_ones(self, runtime: Runtime) -> None:
        before = await up(runtime, Color.GREEN, replicas=2)
        await runtime.stop(Color.GREEN)
        await runtime.resume(Color.GREEN)
        after = await of(runtime, Color.GREEN)
        assert [replica.id for replica in after] == [replica.id for replica in before]
        assert [replica.image_id for replica in after] == [replica.image_id for replica in before]
        assert all(replica.running and replica.exit_code is None for replica in after)

    async def test_removing_is_idempotent_and_makes_room_for_a_new_start(self, runtime: Runtime) -> None:
        (before,) = await up(runtime, Color.GREEN)
        await runtime.remove(Color.GREEN)
        await runtime.remove(Color.GREEN)
        assert await runtime.replicas() == ()
        (after,) = await up(runtime, Color.GREEN)
        assert after.id != before.id

    async def test_starts_and_ends_are_pushed(self, runtime: Runtime) -> None:
        async with runtime.changes() as changes:
            (replica,) = await up(runtime, Color.GREEN)
            started = await next_of(changes, "start")
            assert (started.id, started.color) == (replica.id, Color.GREEN)
            await runtime.stop(Color.GREEN)
            ended = await next_of(changes, "die")
            assert (ended.id, ended.color) == (replica.id, Color.GREEN)
            assert ended.exit_code is not None
            await runtime.remove(Color.GREEN)
            assert (await next_of(changes, "destroy")).id == replica.id

    async def test_leaving_the_changes_while_nothing_happens_takes_no_time(self, runtime: Runtime) -> None:
        async with asyncio.timeout(30):  # what it must not wait for is an event, and there is none
            async with runtime.changes():
                pass

    async def test_the_servers_of_a_color_are_static(self, runtime: Runtime) -> None:
        before = {color: runtime.servers(color) for color in Color}
        assert set(before[Color.BLUE]).isdisjoint(before[Color.GREEN])
        assert all(server.rpartition(":")[2].isdigit() for servers in before.values() for server in servers)
        await up(runtime, Color.GREEN)
        await runtime.remove(Color.GREEN)
        assert {color: runtime.servers(color) for color in Color} == before

    async def test_an_image_is_resolved_by_its_reference_and_by_its_id(self, runtime: Runtime) -> None:
        image = await runtime.build(Color.GREEN)
        by_reference = await runtime.resolve(image.reference)
        by_id = await runtime.resolve(image.id)
        assert by_reference is not None
        assert by_id is not None
        assert image.id.startswith("sha256:")
        assert (by_reference.id, by_id.id) == (image.id, image.id)

    async def test_an_unknown_reference_resolves_to_nothing(self, runtime: Runtime) -> None:
        assert await runtime.resolve("no-such-image-of-anybody:none") is None
        assert await runtime.resolve("sha256:" + "0" * 64) is None

    async def test_keeping_an_image_twice_is_keeping_it_once(self, runtime: Runtime) -> None:
        image = await runtime.build(Color.GREEN)
        await runtime.keep_image(image, release=1)
        await runtime.keep_image(image, release=1)
        assert await runtime.resolve(image.id) is not None

    async def test_the_output_of_a_replica_is_kept_until_it_is_removed(self, runtime: Runtime) -> None:
        (replica,) = await up(runtime, Color.GREEN)

        async def said_something() -> bool:
            return bool(await runtime.logs(replica, tail=10))

        await until(said_something)
        await runtime.stop(Color.GREEN)
        lines = await runtime.logs(replica, tail=100)
        assert lines
        assert await runtime.logs(replica, tail=1) == lines[-1:]
        assert all(line.isprintable() or "\t" in line for line in lines)
        stamped = await runtime.logs(replica, tail=100, timestamps=True)
        assert tuple(line.partition(" ")[2] for line in stamped) == lines
        times = [line.partition(" ")[0] for line in stamped]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", at) for at in times), times

    async def test_what_was_run_is_told_once(self, runtime: Runtime) -> None:
        await up(runtime, Color.GREEN)
        assert runtime.narration()
        assert runtime.narration() == ()
