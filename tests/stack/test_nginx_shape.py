"""The tracked nginx configuration: what a reload and a checkout must not be able to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.nginx_config import Directive, find, read, seconds

ROOT = Path(__file__).resolve().parents[2]
MAPS = ("$rollout_upstream", "$rollout_generation", "$rollout_color")


@pytest.fixture(scope="module")
def nginx() -> tuple[Directive, ...]:
    return read(ROOT / "nginx/nginx.conf")


@pytest.fixture(scope="module")
def http(nginx: tuple[Directive, ...]) -> tuple[Directive, ...]:
    (block,) = find(nginx, "http")
    return block.block


def only(directives: tuple[Directive, ...], name: str) -> tuple[str, ...]:
    (found,) = find(directives, name)
    return found.arguments


def servers(http: tuple[Directive, ...]) -> dict[str, Directive]:
    return {only(server.block, "listen")[0]: server for server in http if server.name == "server"}


def test_idle_clients_survive_a_reload_for_a_moment(http: tuple[Directive, ...]) -> None:
    assert 1.0 <= seconds(only(http, "keepalive_min_timeout")[0]) <= 2.0


def test_the_fallback_is_blue_and_comes_before_the_generated_file(http: tuple[Directive, ...]) -> None:
    names = [(d.name, d.arguments) for d in http]
    generated = names.index(("include", ("/etc/rollout/*.conf",)))
    fallback = {}
    for variable in MAPS:
        position = names.index(("map", ('""', variable)))
        assert position < generated, "a later map of the same variable wins, and that must be the generated one"
        fallback[variable] = only(http[position].block, "default")[0]
    assert fallback == {"$rollout_upstream": "app:8000", "$rollout_generation": "0", "$rollout_color": "blue"}


def test_no_tracked_line_names_a_color_in_a_way_that_needs_it_at_start(nginx: tuple[Directive, ...]) -> None:
    assert find(nginx, "upstream") == ()
    assert all(directive.arguments[0].startswith("http://$") for directive in find(nginx, "proxy_pass"))
    assert only(nginx, "resolver")[0] == "127.0.0.11"
    assert "valid=1s" in only(nginx, "resolver")


def test_all_traffic_of_users_goes_to_the_upstream_variable(http: tuple[Directive, ...]) -> None:
    users = servers(http)["80"]
    assert [directive.arguments for directive in find((users,), "proxy_pass")] == [("http://$rollout_upstream",)]


def test_no_listener_splits_its_queue_among_the_workers(nginx: tuple[Directive, ...]) -> None:
    assert all("reuseport" not in directive.arguments for directive in find(nginx, "listen"))


def test_the_control_listener_is_apart_and_leaves_no_log(http: tuple[Directive, ...]) -> None:
    control = servers(http)["9080"]
    assert only((control,), "access_log") == ("off",)
    paths = [directive.arguments[-1] for directive in find((control,), "location")]
    assert paths[0] == "/generation"
    assert paths[1] == "/served/"
    assert paths[2].startswith('"^/replica/')


@pytest.mark.parametrize("header", ["Served", "Upstream-Status", "Generation", "Color"])
def test_what_the_proxy_says_of_itself_comes_with_every_status_and_from_nobody_else(
    http: tuple[Directive, ...], header: str
) -> None:
    control = servers(http)["9080"]
    (added,) = (d for d in find((control,), "add_header") if d.arguments[0] == f"X-Rollout-{header}")
    assert added.arguments[-1] == "always"
    hidden = {directive.arguments[0] for directive in find((control,), "proxy_hide_header")}
    assert f"X-Rollout-{header}" in hidden


def test_a_request_that_may_have_had_its_effect_is_never_repeated(nginx: tuple[Directive, ...]) -> None:
    rules = find(nginx, "proxy_next_upstream")
    assert rules
    assert all("non_idempotent" not in rule.arguments for rule in rules)


def test_every_way_to_a_replica_keeps_its_connections_alive(http: tuple[Directive, ...]) -> None:
    for location in (d for d in find(http, "location") if find(d.block, "proxy_pass")):
        assert only(location.block, "proxy_http_version") == ("1.1",)
        headers = {d.arguments[0]: d.arguments[1] for d in find(location.block, "proxy_set_header")}
        assert headers["Connection"] == "$rollout_connection"
        assert headers["Upgrade"] == "$http_upgrade"
        assert {"Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID"} <= set(headers)


def test_nothing_of_the_distribution_is_needed(nginx: tuple[Directive, ...]) -> None:
    outside = [d.arguments[0] for d in find(nginx, "include")]
    assert outside == ["/etc/rollout/*.conf"]
    assert find(nginx, "load_module") == ()
    assert find(nginx, "user") == (), "its name differs between images"
