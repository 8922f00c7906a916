from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.model.facts import Facts, HostFacts
from console.model.finding import Finding, Severity
from console.planning.preflight import preflight
from tests.unit.config.building import DIRECTORY
from tests.unit.preflight.stacks import CLEAN_HOST, CLEAN_PROXY, GIB, PROXY, bind, facts

STATE_MOUNT = bind(DIRECTORY / "state/nginx", "/etc/rollout")
PORTS = PROXY["ports"]
assert isinstance(PORTS, list)


def above_ok(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity.value) for finding in findings if finding.severity is not Severity.OK]


def test_a_clean_stack_gives_no_finding_above_ok() -> None:
    for clean in (facts(), facts(green={"profiles": ["green"]})):
        assert above_ok(preflight(clean)) == []


def test_what_was_checked_is_told_too_each_code_once_and_always_in_the_same_order() -> None:
    findings = preflight(facts())
    places = [(finding.code, finding.where) for finding in findings]
    assert len(set(places)) == len(places) > 20
    assert findings == preflight(facts())


@pytest.mark.parametrize(
    ("spoilt", "code", "severity"),
    [
        (facts(app={"healthcheck": None}), "service.healthcheck", "blocker"),
        (facts(app={"healthcheck": {"disable": True}}), "service.healthcheck", "blocker"),
        (facts(app={"healthcheck": {"test": ["CMD", "x"], "interval": "5s"}}), "service.start-interval", "hint"),
        (
            facts(app={"healthcheck": {"test": ["CMD", "x"], "interval": "5s", "start_interval": "1s"}}),
            "service.start-interval",
            "hint",
        ),
        (facts(app={"container_name": "shop"}), "service.container-name", "blocker"),
        (facts(app={"ports": [{"target": 8000, "published": "8000"}]}), "service.ports", "blocker"),
        (facts(app={"networks": {"edge": {"aliases": ["api"]}}}), "service.network-aliases", "warning"),
        (facts(green={"networks": {"edge": {"aliases": ["api"]}}}), "service.network-aliases", "warning"),
        (facts(app={"restart": None}), "service.restart", "warning"),
        (facts(app={"restart": "no"}), "service.restart", "warning"),
        (facts(proxy={"restart": None}), "service.restart", "warning"),
        (facts(app={"image": "shop"}), "service.image-tag", "hint"),
        (facts(app={"image": "host:5000/shop:latest"}), "service.image-tag", "hint"),
        (facts(app={"deploy": {"mode": "global"}}), "service.global-mode", "hint"),
        (facts(green={"stop_grace_period": "50s"}), "colors.alike", "warning"),
        (facts(proxy={"depends_on": None}), "proxy.depends-on", "warning"),
        (facts(proxy={"depends_on": {"app": {"condition": "service_started"}}}), "proxy.depends-on", "warning"),
        (facts(proxy={"networks": {"other": None}}), "proxy.network", "blocker"),
        (facts(proxy={"network_mode": "host"}), "proxy.network", "blocker"),
        (facts(proxy={"volumes": None}), "proxy.config-mount", "blocker"),
        (facts(proxy={"volumes": [bind(DIRECTORY / "other", "/etc/rollout")]}), "proxy.config-mount", "blocker"),
        (
            facts(proxy={"volumes": [bind(DIRECTORY / "state/nginx", "/etc/rollout", read_only=False)]}),
            "proxy.config-writable",
            "warning",
        ),
        (
            facts(proxy={"volumes": [STATE_MOUNT, bind(Path(__file__), "/etc/nginx/nginx.conf")]}),
            "proxy.single-file-mount",
            "warning",
        ),
        (
            facts(proxy={"volumes": [STATE_MOUNT, bind(Path(__file__), "/etc/rollout/upstream.conf")]}),
            "proxy.single-file-mount",
            "blocker",
        ),
        (facts(proxy={"ports": PORTS[:1]}), "proxy.control-published", "blocker"),
        (
            facts(proxy={"ports": [PORTS[0], {"target": 9080, "published": "9080"}]}),
            "proxy.control-published",
            "blocker",
        ),
        (
            facts(app={"volumes": [{"type": "volume", "source": "d", "target": "/d"}]}),
            "colors.shared-volumes",
            "warning",
        ),
        (facts(app={"stop_grace_period": None}), "service.stop-grace", "warning"),
        (facts(block={"drain": {"deadline": "2s"}}), "drain.probe-interval", "warning"),
        (facts(block={"ready": {"deadline": "10s"}}), "ready.start-period", "warning"),
        (facts(proxy={"stop_grace_period": None}), "proxy.stop-grace", "hint"),
        (facts(live=None), "proxy.running", "hint"),
        (facts(live=replace(CLEAN_PROXY, version=(1, 27, 3))), "proxy.version", "blocker"),
        (facts(live=replace(CLEAN_PROXY, keepalive_min_timeout=0.0)), "proxy.keepalive-min-timeout", "blocker"),
        (facts(live=replace(CLEAN_PROXY, keepalive_min_timeout=60.0)), "proxy.keepalive-min-timeout", "warning"),
        (facts(live=replace(CLEAN_PROXY, worker_shutdown_timeout=10.0)), "proxy.worker-shutdown-timeout", "blocker"),
        (
            facts(live=replace(CLEAN_PROXY, worker_shutdown_timeout=float("inf"))),
            "proxy.worker-shutdown-timeout",
            "hint",
        ),
        (facts(live=replace(CLEAN_PROXY, includes_generated=False)), "proxy.include", "blocker"),
        (facts(live=replace(CLEAN_PROXY, routes_by_upstream=False)), "proxy.routes", "blocker"),
        (
            facts(live=replace(CLEAN_PROXY, bypasses=("location /api/: proxy_pass http://app:8000/",))),
            "proxy.bypass",
            "blocker",
        ),
        (facts(live=replace(CLEAN_PROXY, idle_groups=("backend",))), "proxy.idle-group", "warning"),
        (facts(live=replace(CLEAN_PROXY, has_fallback=False)), "proxy.fallback", "warning"),
        (facts(live=replace(CLEAN_PROXY, control_listens=False)), "proxy.control", "blocker"),
        (facts(live=replace(CLEAN_PROXY, control_published="")), "proxy.control", "blocker"),
        (facts(live=replace(CLEAN_PROXY, control_answers=False)), "proxy.control", "blocker"),
        (facts(live=replace(CLEAN_PROXY, refused_at=("127.0.0.1:8080",))), "proxy.ports", "warning"),
        (facts(live=replace(CLEAN_PROXY, forwarded=("127.0.0.1:8081",))), "proxy.ports", "warning"),
        (facts(live=replace(CLEAN_PROXY, retries_non_idempotent=True)), "proxy.non-idempotent-retry", "warning"),
        (facts(host=replace(CLEAN_HOST, rollback_image_present=False)), "host.rollback-image", "warning"),
        (facts(host=replace(CLEAN_HOST, disk_free_bytes=GIB * 3 // 4)), "host.disk", "warning"),
        (facts(host=replace(CLEAN_HOST, disk_free_bytes=GIB // 4)), "host.disk", "blocker"),
        (facts(host=replace(CLEAN_HOST, state_writable=False)), "host.state", "blocker"),
        (facts(host=replace(CLEAN_HOST, state_free_bytes=1024)), "host.state", "blocker"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_thing_that_is_wrong_gives_exactly_its_finding(spoilt: Facts, code: str, severity: str) -> None:
    assert above_ok(preflight(spoilt)) == [(code, severity)]


def test_a_service_on_the_hosts_network_can_not_be_rolled_out() -> None:
    codes = above_ok(preflight(facts(app={"network_mode": "host", "networks": None})))
    assert ("service.network-mode", "blocker") in codes


def test_a_color_that_the_proxy_can_not_reach_is_told_by_its_name() -> None:
    findings = preflight(facts(green={"networks": {"other": None}}))
    (network,) = [finding for finding in findings if finding.code == "proxy.network"]
    assert network.severity is Severity.BLOCKER
    assert "`app_green`" in network.what
    assert "`app`" not in network.what


def test_every_finding_above_ok_says_why_and_what_to_do() -> None:
    spoilt = facts(
        app={"healthcheck": None, "restart": None, "container_name": "x", "ports": [{"target": 1}], "image": "x"},
        proxy={"volumes": None, "ports": None, "depends_on": None, "networks": {"other": None}},
        live=replace(CLEAN_PROXY, keepalive_min_timeout=0.0, worker_shutdown_timeout=1.0, version=(1, 18)),
        host=HostFacts(disk_free_bytes=1, image_bytes=GIB, state_writable=False),
    )
    findings = [finding for finding in preflight(spoilt) if finding.severity is not Severity.OK]
    assert len(findings) > 12
    assert all(finding.why and finding.fix and finding.what and finding.where for finding in findings)


def test_an_image_that_brings_its_healthcheck_is_enough() -> None:
    spoilt = facts(app={"healthcheck": None}, host=replace(CLEAN_HOST, image_has_healthcheck=True))
    assert above_ok(preflight(spoilt)) == []


def test_what_is_unknown_is_not_held_against_a_stack() -> None:
    assert above_ok(preflight(facts(host=HostFacts(), live=type(CLEAN_PROXY)()))) == []


def test_an_embedded_stack_has_no_files_to_judge() -> None:
    embedded = replace(facts(), static=None)
    assert above_ok(preflight(embedded)) == []
    assert {finding.code.partition(".")[0] for finding in preflight(embedded)} == {"proxy", "host"}


def test_a_volume_that_is_only_read_may_be_shared() -> None:
    shared = {"type": "volume", "source": "d", "target": "/d", "read_only": True}
    assert above_ok(preflight(facts(app={"volumes": [shared]}))) == []


def test_severities_are_ordered() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == list(Severity)
