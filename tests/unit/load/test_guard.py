from __future__ import annotations

from dataclasses import replace

import pytest

from console.load.guard import check_aim, published
from console.load.target import TargetError
from console.model.facts import PublishedPort
from console.model.spec import LoadSpec, SmokeSpec
from tests.fakes.stack import make_spec

SPEC = replace(make_spec(), smoke=SmokeSpec(url="http://127.0.0.1:8080/"), load=LoadSpec(url="http://127.0.0.1:5432/"))
CONTROL = PublishedPort(target=9080, published=9080, host_ip="127.0.0.1")
USERS = PublishedPort(target=80, published=8080)


@pytest.mark.parametrize(
    ("ports", "url"),
    [
        ((USERS, CONTROL), "http://127.0.0.1:8080/"),
        ((USERS, CONTROL), "http://localhost:8080/a?b"),
        ((replace(USERS, host_ip="0.0.0.0"),), "http://127.0.0.1:8080/"),
        ((replace(USERS, host_ip="127.0.0.1"),), "http://localhost:8080/"),
        ((USERS, replace(USERS, target=443, published=443)), "https://127.0.0.1/"),
        ((replace(USERS, published=None), CONTROL), "http://127.0.0.1:5432/"),
        ((), "http://127.0.0.1:8080/"),
    ],
)
def test_the_proxys_own_ports_may_be_aimed_at(ports: tuple[PublishedPort, ...], url: str) -> None:
    check_aim(url, published(SPEC, ports))


@pytest.mark.parametrize(
    ("ports", "url"),
    [
        ((USERS, CONTROL), "http://127.0.0.1:5432/"),
        ((USERS, CONTROL), "http://127.0.0.1:9080/"),
        ((USERS, CONTROL), "https://127.0.0.1/"),
        ((replace(USERS, protocol="udp"), replace(USERS, published=8081)), "http://127.0.0.1:8080/"),
        ((replace(USERS, host_ip="127.0.0.2"),), "http://127.0.0.1:8080/"),
        ((), "http://127.0.0.1:9999/"),
    ],
)
def test_no_other_port_may_be_whatever_the_stacks_urls_name(ports: tuple[PublishedPort, ...], url: str) -> None:
    with pytest.raises(TargetError, match="not published by this stack"):
        check_aim(url, published(SPEC, ports))


def test_a_refusal_names_the_ports_that_would_do_and_the_way_to_ask() -> None:
    with pytest.raises(TargetError, match=r"8081.*8080.*--allow-remote"):
        check_aim("http://127.0.0.1:8081/", published(SPEC, (USERS, CONTROL)))
    with pytest.raises(TargetError, match="none that is known"):
        check_aim("http://127.0.0.1:8081/", frozenset())
