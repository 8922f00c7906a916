"""The reloads that nginx refuses, most of them with exit code 0. A subclass gives the fixture `rig`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from console.model.color import Color
from console.model.errors import ProxyRefusedError
from console.model.observed import Upstream
from tests.contract.proxy_contract import ProxyRig, bring_live, cut_over, users_release

PAST_THE_UPSTREAM = """
    server {
        listen 127.0.0.1:9998;
        location /direct/ { proxy_set_header Authorization "Bearer s3cret"; proxy_pass http://app/?token=s3cret; }
    }
"""


class NginxRig(ProxyRig, Protocol):
    """A proxy rig whose main configuration can be spoilt."""

    def extra(self, text: str) -> None:
        """Put this, and nothing else, into the `http` block of the main configuration as it was at first."""
        ...

    def taken_port(self) -> AbstractAsyncContextManager[int]:
        """A port of the proxy's loopback address on which somebody else listens."""
        ...


async def assert_refused_and_green_still_serves(rig: NginxRig, *, deadline: float = 3.0) -> str:
    """Apply whatever is there now; returns the refusal's words."""
    before = (await rig.proxy.observe()).accepting
    rig.proxy.write(Upstream(generation=2, color=Color.BLUE, servers=rig.servers(Color.BLUE)))
    with pytest.raises(ProxyRefusedError) as refused:
        await rig.proxy.read_back(2, await rig.proxy.apply(), deadline=deadline)
    seen = await rig.proxy.observe()
    assert seen.accepting == before
    assert seen.live is not None
    assert (seen.live.generation, seen.live.color) == (1, Color.GREEN)
    assert await users_release(rig) == rig.release(Color.GREEN)
    return str(refused.value)


class NginxRefusals:
    async def test_a_log_that_cannot_be_opened(self, rig: NginxRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        rig.extra("error_log /nonexistent/directory/error.log;")
        with pytest.raises(ProxyRefusedError, match=r"/nonexistent/directory/error\.log"):
            await rig.proxy.validate()
        said = await assert_refused_and_green_still_serves(rig)
        assert "the reload was refused" in said
        assert "generation 1 (green) is live" in said

    async def test_a_shared_memory_zone_with_another_key(self, rig: NginxRig) -> None:
        rig.extra("limit_req_zone $binary_remote_addr zone=z:1m rate=1000r/s;")
        await cut_over(rig, Color.GREEN, 1)
        rig.extra("limit_req_zone $request_uri zone=z:1m rate=1000r/s;")
        await rig.proxy.validate()
        assert "the reload was refused" in await assert_refused_and_green_still_serves(rig)

    async def test_a_port_that_is_taken(self, rig: NginxRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        async with rig.taken_port() as port:
            rig.extra(f"server {{ listen 127.0.0.1:{port}; return 204; }}")
            await rig.proxy.validate()
            assert "the reload was refused" in await assert_refused_and_green_still_serves(rig, deadline=5)

    async def test_a_syntax_error(self, rig: NginxRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        rig.extra("nonsense on;")
        with pytest.raises(ProxyRefusedError, match='unknown directive "nonsense"'):
            await rig.proxy.validate()
        assert 'unknown directive "nonsense"' in await assert_refused_and_green_still_serves(rig)

    async def test_a_name_that_cannot_be_resolved(self, rig: NginxRig) -> None:
        await cut_over(rig, Color.GREEN, 1)
        before = rig.proxy.read()
        rig.proxy.write(Upstream(generation=2, color=Color.BLUE, servers=("no-such-host.invalid:80",)))
        with pytest.raises(ProxyRefusedError, match="host not found in upstream"):
            await rig.proxy.validate()
        with pytest.raises(ProxyRefusedError, match="host not found in upstream"):
            await rig.proxy.apply()
        assert await users_release(rig) == rig.release(Color.GREEN)
        rig.proxy.restore(before, 3)
        seen = await bring_live(rig, 3)
        assert seen.configured is not None
        assert seen.configured.color is Color.GREEN

    async def test_the_old_upstream_is_seen_live_again_even_while_nginx_still_retries_a_port(
        self, rig: NginxRig
    ) -> None:
        await cut_over(rig, Color.GREEN, 1)
        content = rig.proxy.read()
        async with rig.taken_port() as port:
            rig.extra(f"server {{ listen 127.0.0.1:{port}; return 204; }}")
            await assert_refused_and_green_still_serves(rig, deadline=1.0)
            rig.extra("")
            rig.proxy.restore(content, 3)
            seen = await bring_live(rig, 3)
        assert seen.live is not None
        assert (seen.live.generation, seen.live.color) == (3, Color.GREEN)
