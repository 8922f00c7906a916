"""A deploy on Docker whose process is stopped (SIGSTOP, as Ctrl-Z does) in the midst of its steps, under traffic."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from console.planning._blocks import PROXY_DEADLINE, READ_BACK_DEADLINE
from tests.e2e.conftest import Operator, other
from tests.support.traffic import Traffic

pytestmark = [
    pytest.mark.slow,
    pytest.mark.docker,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc tells that a process is stopped"),
]

STOPS = {
    "start": 4.0,
    "validate": PROXY_DEADLINE + 4.0,
    "read-back": READ_BACK_DEADLINE + 4.0,
    "watch": 27.0,
    "drain": 3.0,
}
"""Seconds that a deploy of the reference stack is stopped for; in the midst more than these steps may take."""


@pytest.mark.timeout(400)
def test_a_deploy_on_docker_that_is_stopped_in_step_after_step_drops_nothing_and_comes_to_its_end(
    operator: Operator,
) -> None:
    operator.rollout("deploy")
    target = other(operator.serving())
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(100)
        process = operator.start("deploy", "--source", "local", "--load")
        for step, seconds in STOPS.items():
            operator.reached(process, step)
            process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            process.send_signal(signal.SIGCONT)
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, told
        traffic.wait_for(100)
    traffic.report.assert_clean(at_least=1000)
    assert operator.agreed() == target
    records = operator.records()
    assert not [record for record in records if record["type"] == "step_failed"]
    stops = [record for record in records if record["type"] == "warned" and "was stopped for" in str(record["text"])]
    assert len(stops) >= 3, "the long ones"
