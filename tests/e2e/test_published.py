"""Where the proxy is really published: what is not as the configuration says is named, with the way back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Operator, flat

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]


def forwarder_of(port: int) -> int | None:
    """The process that forwards a published port of this machine; None where the kernel does it."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"docker-proxy") and b"%d" % port in words:
            return int(entry.parent.name)
    return None


def test_a_forwarder_that_has_ended_is_named_with_the_way_back(operator: Operator) -> None:
    port = operator.stack.http_port
    forwarder = forwarder_of(port)
    if forwarder is None:
        pytest.skip("this Docker forwards without a process of its own")
    assert "nothing listens" not in flat(operator.rollout("check", expect=None).stdout)

    os.kill(forwarder, signal.SIGKILL)
    end = time.monotonic() + 60
    while forwarder_of(port) is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
    told = flat(operator.rollout("check", expect=None).stdout)
    assert f"nothing listens on 127.0.0.1:{port}, though the proxy runs" in told
    assert "docker compose restart proxy" in told

    operator.stack.compose("restart", "proxy")
    operator.stack.wait_until_served()
    assert "nothing listens" not in flat(operator.rollout("check", expect=None).stdout)


def test_a_proxy_that_was_brought_up_with_other_ports_is_told_with_both(
    operator: Operator, free_ports: Callable[[int], list[int]]
) -> None:
    (other,), real = free_ports(1), operator.stack.http_port
    operator.set_environment(HTTP_PORT=str(other))
    told = flat(operator.rollout("check", expect=None).stdout)
    assert f"not published on port {other}, as the configuration has it, but on 127.0.0.1:{real}" in told
