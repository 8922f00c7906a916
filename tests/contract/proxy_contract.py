"""What every proxy adapter must do. A subclass gives the fixture `rig`; nothing here knows which proxy it is."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from console.model.color import Color
from console.model.errors import ProxyRefusedError, ProxyUnreachableError
from console.model.observed import Upstream, UpstreamObserved
from console.ports.proxy import Proxy

DEADLINE = 60.0
READY = "/ready"


class ProxyRig(Protocol):
    """A proxy in front of both colors, both running and ready; blue is served, without a file of ours."""

    proxy: Proxy
    url: str
    """Where users reach it; only asked through `proxy.probe_url`."""

    def servers(self, color: Color) -> tuple[str, ...]:
        """What an upstream of this color lists."""
        ...

    def addresses(self, color: Color) -> frozenset[str]:
        """The `ip:port` of the color's replicas."""
        ...

    def release(self, color: Color) -> str:
        """What the color's answers say in `X-Rollout-Release`."""
        ...

    def unused_address(self) -> str:
        """An `ip:port` beside the replicas that refuses connections."""
        ...

    def slow_requests(self, count: int) -> AbstractAsyncContextManager[Callable[[], Awaitable[list[int]]]]:
        """Users' requests that are being served and take a second or two; the call waits for their statuses."""
        ...

    def lead_past_the_upstream(self) -> None:
        """Have the configuration, not yet applied, send `/direct/` and a token to blue by its own name."""
        ...

    async def kill(self) -> None:
        """End the proxy for good."""
        ...


async def cut_over(rig: ProxyRig, color: Color, generation: int) -> UpstreamObserved:
    rig.proxy.write(Upstream(generation=generation, color=color, servers=rig.servers(color)))
    return await bring_live(rig, generation)


async def bring_live(rig: ProxyRig, generation: int) -> UpstreamObserved:
    await rig.proxy.validate()
    before = await rig.proxy.apply()
    return await rig.proxy.read_back(generation, before, deadline=DEADLINE)


async def users_release(rig: ProxyRig) -> str | None:
    return (await rig.proxy.probe_url(f"{rig.url}/", timeout=20)).release


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110 - another process can't set an event of ours
            await asyncio.sleep(0.02)


@asynccontextmanager
async def closing(rig: ProxyRig) -> AsyncIterator[ProxyRig]:
    """Hand a rig to a test and close its proxy adapter afterwards."""
    try:
        yield rig
    finally:
        await rig.proxy.close()


class ProxyContract:
    async def test_before_the_first_cutover_blue_serves_without_a_file(self, rig: ProxyRig) -> None:
        seen = await rig.proxy.observe()
        assert rig.proxy.read() is None
        assert seen.configured is None
        assert seen.problem == ""
        assert seen.live is not None
        assert (seen.live.generation, seen.live.color) == (0, None)
        assert seen.live.served in rig.addresses(Color.BLUE)
        assert seen.accepting

    async def test_a_cutover_is_seen_in_file_live_proxy_and_served_address(self, rig: ProxyRig) -> None:
        seen = await cut_over(rig, Color.GREEN, 1)
        assert seen.configured == Upstream(generation=1, color=Color.GREEN, servers=rig.servers(Color.GREEN))
        assert seen.live is not None
        assert (seen.live.generation, seen.live.color) == (1, Color.GREEN)
        assert seen.live.served in rig.addresses(Color.GREEN)
        assert await users_release(rig) == rig.release(Color.GREEN)

    async def test_once_a_cutover_is_read_back_no_fresh_connection_gets_the_old_color(self, rig: ProxyRig) -> None:
        for generation, color in enumerate([Color.GREEN, Color.BLUE, Color.GREEN], start=1):
            await cut_over(rig, color, generation)
            answers = await asyncio.gather(*(users_release(rig) for _ in range(20)))
            assert set(answers) == {rig.release(color)}

    async def test_a_file_that_was_written_but_not_applied_changes_nothing_live(self, rig: ProxyRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        rig.proxy.write(Upstream(generation=2, color=Color.BLUE, servers=rig.servers(Color.BLUE)))
        seen = await rig.proxy.observe()
        assert seen.configured is not None
        assert seen.live is not None
        assert (seen.configured.generation, seen.live.generation) == (2, 1)
        assert await users_release(rig) == rig.release(Color.GREEN)

    async def test_a_read_back_without_a_reload_is_refused_at_its_deadline(self, rig: ProxyRig) -> None:
        seen = await cut_over(rig, Color.GREEN, 1)
        rig.proxy.write(Upstream(generation=2, color=Color.BLUE, servers=rig.servers(Color.BLUE)))
        began = time.monotonic()
        with pytest.raises(ProxyRefusedError, match="generation 2") as refused:
            await rig.proxy.read_back(2, seen.accepting, deadline=0.3)
        assert 0.25 < time.monotonic() - began < 20
        assert "generation 1 (green)" in refused.value.now

    async def test_a_read_back_of_another_generation_is_refused(self, rig: ProxyRig) -> None:
        rig.proxy.write(Upstream(generation=1, color=Color.GREEN, servers=rig.servers(Color.GREEN)))
        before = await rig.proxy.apply()
        with pytest.raises(ProxyRefusedError, match=r"generation 1 \(green\) is live"):
            await rig.proxy.read_back(2, before, deadline=5)

    async def test_a_way_past_the_upstream_is_told_without_its_token_and_refuses_nothing(self, rig: ProxyRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        assert await rig.proxy.validate() == ()
        rig.lead_past_the_upstream()
        assert await rig.proxy.validate() == ("location /direct/: proxy_pass http://app",)
        await cut_over(rig, Color.BLUE, 2)
        assert await users_release(rig) == rig.release(Color.BLUE)

    async def test_earlier_content_is_restored_under_a_new_generation(self, rig: ProxyRig) -> None:
        await cut_over(rig, Color.BLUE, 1)
        content = rig.proxy.read()
        await cut_over(rig, Color.GREEN, 2)
        rig.proxy.restore(content, 3)
        seen = await bring_live(rig, 3)
        assert seen.configured == Upstream(generation=3, color=Color.BLUE, servers=rig.servers(Color.BLUE))
        assert seen.live is not None
        assert (seen.live.generation, seen.live.color) == (3, Color.BLUE)
        assert await users_release(rig) == rig.release(Color.BLUE)

    async def test_the_absence_of_a_file_is_restored_and_read_back_by_its_new_generation(self, rig: ProxyRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        rig.proxy.restore(None, 2)
        seen = await bring_live(rig, 2)
        assert seen.configured is None
        assert seen.live is not None
        assert seen.live.generation == 2
        assert seen.live.served in rig.addresses(Color.BLUE)
        assert await users_release(rig) == rig.release(Color.BLUE)

    async def test_an_upstream_that_cannot_be_written_is_refused_and_the_old_file_stays(self, rig: ProxyRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        before = rig.proxy.read()
        with pytest.raises(ProxyRefusedError, match="host:port"):
            rig.proxy.write(Upstream(generation=2, color=Color.BLUE, servers=("blue:80; evil",)))
        assert rig.proxy.read() == before

    async def test_requests_in_flight_to_the_color_being_left_are_counted_down_to_none(self, rig: ProxyRig) -> None:
        async with rig.slow_requests(3) as statuses:
            await cut_over(rig, Color.GREEN, 1)
            assert await rig.proxy.in_flight(rig.addresses(Color.BLUE)) == 3
            assert await rig.proxy.old_workers() > 0
            assert await statuses() == [200, 200, 200]

            async def drained() -> bool:
                return await rig.proxy.in_flight(rig.addresses(Color.BLUE)) == 0

            await until(drained)

        async def retired() -> bool:
            return await rig.proxy.old_workers() == 0

        await until(retired)

    async def test_it_tells_its_name_and_version(self, rig: ProxyRig) -> None:
        ((name, version),) = await rig.proxy.versions()
        assert name == "nginx"
        assert re.fullmatch(r"1\.[0-9]+\.[0-9]+", version)

    async def test_nothing_is_in_flight_to_no_address(self, rig: ProxyRig) -> None:
        assert await rig.proxy.in_flight(frozenset()) == 0

    async def test_an_idle_replica_is_probed_directly(self, rig: ProxyRig) -> None:
        for address in rig.addresses(Color.GREEN):
            answer = await rig.proxy.probe_replica(address, READY, timeout=20)
            assert (answer.status, answer.served, answer.problem) == (200, address, "")
            assert answer.release == rig.release(Color.GREEN)
            assert answer.seconds > 0

    async def test_a_probe_hands_on_the_status_and_the_query(self, rig: ProxyRig) -> None:
        address = min(rig.addresses(Color.GREEN))
        assert (await rig.proxy.probe_replica(address, "/no-such-path", timeout=20)).status == 404
        assert (await rig.proxy.probe_replica(address, "/slow?s=0", timeout=20)).status == 200

    async def test_a_replica_that_refuses_is_a_problem_not_a_502(self, rig: ProxyRig) -> None:
        answer = await rig.proxy.probe_replica(rig.unused_address(), READY, timeout=20)
        assert answer.status is None
        assert answer.problem.startswith("refused: ")

    async def test_a_replica_that_does_not_answer_is_a_timeout(self, rig: ProxyRig) -> None:
        address = min(rig.addresses(Color.GREEN))
        answer = await rig.proxy.probe_replica(address, "/slow?s=30", timeout=0.2)
        assert answer.status is None
        assert answer.problem.startswith("timeout: ")

    @pytest.mark.parametrize("address", ["app:8000", "1.2.3.4", "", "1.2.3.4:80/../../etc"])
    async def test_only_an_address_can_be_probed(self, rig: ProxyRig, address: str) -> None:
        answer = await rig.proxy.probe_replica(address, READY, timeout=20)
        assert answer.status is None
        assert answer.problem.startswith("dns: ")

    async def test_a_url_is_probed_as_a_client_would(self, rig: ProxyRig) -> None:
        answer = await rig.proxy.probe_url(f"{rig.url}/health", timeout=20)
        assert (answer.status, answer.release, answer.problem) == (200, rig.release(Color.BLUE), "")

    @pytest.mark.parametrize("url", ["/health", "ftp://127.0.0.1/", "http://127.0.0.1:1/"])
    async def test_a_url_that_cannot_be_asked_is_a_problem_not_an_exception(self, rig: ProxyRig, url: str) -> None:
        answer = await rig.proxy.probe_url(url, timeout=20)
        assert answer.status is None
        assert answer.problem

    async def test_a_proxy_that_is_gone_is_told_as_unreachable_and_observing_it_never_raises(
        self, rig: ProxyRig
    ) -> None:
        seen = await cut_over(rig, Color.GREEN, 1)
        await rig.kill()
        gone = await rig.proxy.observe()
        assert gone.configured == seen.configured
        assert gone.live is None
        assert gone.workers == ()
        assert gone.problem
        with pytest.raises(ProxyUnreachableError):
            await rig.proxy.validate()
        with pytest.raises(ProxyUnreachableError):
            await rig.proxy.apply()
        with pytest.raises(ProxyUnreachableError):
            await rig.proxy.old_workers()
        with pytest.raises(ProxyUnreachableError):
            await rig.proxy.read_back(1, frozenset(), deadline=0.2)
        assert await rig.proxy.versions() == ()
        answer = await rig.proxy.probe_replica(min(rig.addresses(Color.GREEN)), READY, timeout=2)
        assert answer.status is None
        assert answer.problem
