"""Releases and machines that fail: what users get, what the exit code says, and what is left afterwards."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Operator, flat
from tests.support.engine import docker
from tests.support.traffic import Report, Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DEPLOY = ("deploy", "--source", "local")


def container(operator: Operator, service: str) -> str:
    return operator.stack.compose("--profile", "green", "ps", "--all", "--quiet", service).strip()


@pytest.mark.busy
@pytest.mark.timeout(400)
def test_a_release_that_fails_before_the_cutover_moves_nothing_and_leaves_its_logs(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    operator.edit("docker-compose.yml", lambda text: text.replace("successes: 2, deadline: 60s", "deadline: 10s"))
    operator.edit("docker-compose.yml", lambda text: text.replace("attempts: 5,", "attempts: 2,"))
    before = operator.identities("app", "proxy")
    faults = {
        "never-ready": "503 on /ready",
        "error-500": "status 500 instead of 200, 2 attempts",
        "crash": "let green become ready",
    }
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        for fault, found in faults.items():
            operator.set_environment(FAULT=fault)
            told = flat(operator.rollout(*DEPLOY, expect=3).stderr)
            assert found in told, told
            assert "no traffic was moved, blue serves" in told, told
            assert operator.agreed() == "blue"
            assert operator.running("app_green") == 0
            assert operator.identities("app", "proxy") == before
            receipt = operator.receipt()
            assert (receipt["result"], receipt["exit_code"], receipt["active"]) == ("aborted", 3, "blue")
            logs = receipt["logs"]
            assert isinstance(logs, list)
            assert any("listens on" in line for kept in logs for line in kept["lines"]), logs
            assert "app_green" in operator.rollout("receipt").stdout
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=600)
    operator.set_environment(FAULT="")
    operator.rollout(*DEPLOY)
    assert operator.agreed() == "green"


def late(operator: Operator, fault: str, *flags: str) -> tuple[str, Report]:
    """Deploy a release whose fault shows only when it serves; what was told, and what users got."""
    operator.set_environment(FAULT=fault, FAULT_AFTER="6" if fault else "0")
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        told = flat(operator.rollout(*DEPLOY, *flags, expect=2).stderr)
        assert operator.agreed() == "blue"
        assert operator.running("app_green") == 0
        assert operator.receipt()["result"] == "rolled_back"
        assert "blue serves" in told
        before = traffic.counts["dropped"]
        traffic.wait_for(100)
        assert traffic.counts["dropped"] == before, "requests are still lost after the rollback"
    return told, traffic.report


def wholly(report: Report, *details: str) -> None:
    """Every drop is one of these."""
    assert report.not_sent == 0
    unexpected = [drop for drop in report.drops if not str(drop["detail"]).startswith(details)]
    assert not unexpected, "\n".join(map(str, unexpected))


@pytest.mark.timeout(500)
def test_a_release_that_fails_while_it_serves_is_rolled_back(operator: Operator, free_port: int) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    before = operator.identities("app", "proxy")

    told, report = late(operator, "", "--smoke-url", f"http://127.0.0.1:{free_port}/health", "--smoke-attempts", "2")
    assert f"smoke http://127.0.0.1:{free_port}/health" in told
    report.assert_clean(at_least=200)
    assert {name.partition("/")[0] for name in report.releases} == {"blue", "green"}

    operator.edit("docker-compose.yml", lambda text: text.replace("window: 300ms", "window: 30s"))
    told, report = late(operator, "error-500", "--load")
    assert "synthetic requests were dropped" in told
    wholly(report, "500 from green/")
    assert report.dropped > 0

    probe = "/srv/app/probe.py, /ready]\n  interval: 5s\n  timeout: 2s\n  retries: 3"
    health = "/srv/app/probe.py, /health]\n  interval: 500ms\n  timeout: 2s\n  retries: 2"
    operator.edit("docker-compose.yml", lambda text: text.replace(probe, health))
    told, report = late(operator, "error-500")
    assert "unhealthy" in told
    wholly(report, "500 from green/")
    assert report.dropped > 0

    told, report = late(operator, "crash")
    assert "let green serve" in told
    assert "ended with exit code" in told
    # What it served when it crashed, and what came before the rollback, is lost: 502 by the proxy, never by blue.
    wholly(report, "502 from ")
    assert report.dropped > 0

    assert operator.identities("app", "proxy") == before


@pytest.mark.timeout(400)
def test_a_color_or_a_proxy_that_is_taken_away_in_the_middle_is_told_as_it_is(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    operator.set_environment(WARMUP="8")
    operator.edit("docker-compose.yml", lambda text: text.replace("successes: 2, deadline: 60s", "deadline: 40s"))

    app, proxy = container(operator, "app"), container(operator, "proxy")
    with midway(operator, "await-ready") as process:
        docker("stop", "--time", "1", app)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert operator.agreed() == "green"
    assert operator.running("app") == 0
    assert "blue does not run" in flat(output), output
    assert "blue stays up" not in flat(output), output
    assert operator.status()["standby"] is None
    operator.set_environment(WARMUP="0")
    operator.rollout(*DEPLOY)
    assert operator.agreed() == "blue"

    operator.set_environment(WARMUP="8")
    operator.edit("docker-compose.yml", lambda text: text.replace("deadline: 40s", "deadline: 15s"))  # waited out
    with midway(operator, "await-ready") as process:
        docker("rm", "--force", proxy)
        output, _ = process.communicate(timeout=120)
    told = flat(output)
    assert process.returncode == 3, output
    assert "nothing changed for users" not in told, output
    assert "no traffic was moved, the proxy does not answer" in told, output
    assert told.endswith("next rollout status"), output
    status = operator.rollout("status", expect=1)
    assert "rollout up" in status.stdout
    operator.rollout("up")
    assert operator.agreed() == "blue"

    operator.set_environment(WARMUP="0")
    operator.edit("docker-compose.yml", lambda text: text.replace("deadline: 15s", "deadline: 40s"))
    operator.edit("docker-compose.yml", lambda text: text.replace("window: 300ms", "window: 10s"))
    proxy = container(operator, "proxy")
    with midway(operator, "watch") as process:
        docker("rm", "--force", proxy)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert "without the proxy no request reaches the stack" in flat(output), output
    assert "rollout up" in operator.rollout("status", expect=1).stdout
    operator.rollout("up")
    assert operator.agreed() == "green"


@contextlib.contextmanager
def midway(operator: Operator, step: str) -> Iterator[subprocess.Popen[str]]:
    """A deploy that has reached a step; it does not outlive the block."""
    process = operator.start(*DEPLOY)
    try:
        operator.reached(process, step)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
