from __future__ import annotations

from typing import Any

import pytest

from console.adapters.runtime.container_host import binding, process_table
from console.adapters.runtime.container_replica import listed, replica
from console.adapters.runtime.containers import image_pinned, networks_of
from console.model.color import Color
from console.model.observed import Health, Replica, ReplicaState
from console.ports.proxy_host import Process

LABELS = {
    "com.docker.compose.config-hash": "cafe",
    "com.docker.compose.project.config_files": "/srv/shop/docker-compose.yml,/srv/shop/state/colors.yml",
}
RUNNING: dict[str, Any] = {
    "Id": "0123",
    "Name": "/shop-app-1",
    "Image": "sha256:aa",
    "RestartCount": 2,
    "Config": {"Image": "shop:42", "Labels": LABELS},
    "State": {
        "Status": "running",
        "StartedAt": "2026-01-02T03:04:05.6Z",
        "ExitCode": 0,
        "Health": {"Status": "unhealthy", "Log": [{"Output": "old"}, {"Output": "\x1b[31m503\x1b[0m\r\n"}]},
    },
    "NetworkSettings": {
        "Networks": {
            "admin": {"NetworkID": "n1", "IPAddress": "10.0.0.1"},
            "edge": {"NetworkID": "n2", "IPAddress": "10.0.0.2"},
        }
    },
}


def of(details: dict[str, Any], shared: frozenset[str] = frozenset({"n2"})) -> Replica:
    return replica(details, color=Color.BLUE, shared=shared, port=8000)


def test_a_running_container_is_a_replica_on_the_network_of_the_proxy() -> None:
    assert of(RUNNING) == Replica(
        id="0123",
        name="shop-app-1",
        color=Color.BLUE,
        state=ReplicaState.RUNNING,
        health=Health.UNHEALTHY,
        address="10.0.0.2:8000",
        image_id="sha256:aa",
        image="shop:42",
        config_hash="cafe",
        compose_files=("/srv/shop/docker-compose.yml",),
        started_at="2026-01-02T03:04:05.6Z",
        restarts=2,
        exit_code=None,
        health_output="503",
    )


def test_without_a_proxy_any_network_will_do_and_without_a_shared_one_there_is_no_address() -> None:
    assert of(RUNNING, frozenset()).address == "10.0.0.1:8000"
    assert of(RUNNING, frozenset({"n9"})).address is None


def test_a_container_that_ended_has_its_exit_code_and_no_address() -> None:
    ended = of(
        {
            **RUNNING,
            "State": {"Status": "exited", "StartedAt": "2026-01-02T03:04:05Z", "ExitCode": 137},
            "NetworkSettings": {"Networks": {"edge": {"NetworkID": "n2", "IPAddress": ""}}},
        }
    )
    assert (ended.state, ended.exit_code, ended.address, ended.health) == (ReplicaState.EXITED, 137, None, Health.NONE)


def test_a_container_that_never_started_has_neither_start_time_nor_exit_code() -> None:
    created = of({**RUNNING, "State": {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "ExitCode": 0}})
    assert (created.started_at, created.exit_code) == ("", None)


def test_what_the_engine_leaves_out_is_empty() -> None:
    bare = of({"Id": "1", "State": {"Status": "running", "Health": None}, "NetworkSettings": None})
    assert (bare.address, bare.health, bare.image, bare.health_output) == (None, Health.NONE, "", "")


def test_a_listed_container_has_service_number_and_networks() -> None:
    entry = {
        "Id": "0123456789abcdef",
        "Names": ["/shop-proxy-1"],
        "State": "running",
        "ImageID": "sha256:bb",
        "Labels": {"com.docker.compose.service": "proxy", "com.docker.compose.container-number": "10"},
        "NetworkSettings": {"Networks": {"edge": {"NetworkID": "n2", "IPAddress": "10.0.0.9"}}},
    }
    one = listed(entry)
    assert (one.service, one.number, one.name, one.running) == ("proxy", 10, "shop-proxy-1", True)
    old = listed({**entry, "State": "exited", "NetworkSettings": {"Networks": {"gone": {"NetworkID": "n0"}}}})
    assert networks_of([old, one], "proxy") == {"n2"}
    assert networks_of([old], "proxy") == {"n0"}
    assert networks_of([one], "app") == frozenset()


@pytest.mark.parametrize(("reference", "pinned"), [("sha256:aa", "sha256:aa"), ("shop:42", ""), ("", "")])
def test_a_container_proves_whether_it_was_created_from_an_id(reference: str, pinned: str) -> None:
    assert image_pinned({"Config": {"Image": reference}}) == pinned


def test_processes_come_master_first_and_with_their_whole_title() -> None:
    rows = [["31", "30", "nginx: worker process"], ["30", "7", "nginx: master"], ["29", "30", "nginx: worker", "bye"]]
    assert process_table({"Titles": ["PID", "PPID", "COMMAND"], "Processes": rows}) == (
        Process(pid=30, parent=7, title="nginx: master"),
        Process(pid=29, parent=30, title="nginx: worker bye"),
        Process(pid=31, parent=30, title="nginx: worker process"),
    )
    assert process_table({"Processes": None}) == ()


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["127.0.0.1"], "127.0.0.1:9000"),
        (["0.0.0.0", "::"], "127.0.0.1:9000"),
        (["::"], "[::1]:9000"),
        (["192.168.1.5", "127.0.0.1"], "127.0.0.1:9000"),
        (["fe80::1"], "[fe80::1]:9000"),
        ([], None),
    ],
)
def test_a_published_port_is_found_on_loopback_when_it_is_there(addresses: list[str], expected: str | None) -> None:
    ports = {"80/tcp": [{"HostIp": address, "HostPort": "9000"} for address in addresses]}
    assert binding({"NetworkSettings": {"Ports": ports}}, 80) == expected


def test_a_port_that_is_exposed_but_not_published_has_no_address() -> None:
    assert binding({"NetworkSettings": {"Ports": {"80/tcp": None}}}, 80) is None
