"""The shape of the reference stack: what has to hold for a cutover to drop nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack.nginx_config import find, read, seconds

ROOT = Path(__file__).resolve().parents[2]
COLORS = ("app", "app_green")
SERVICES = (*COLORS, "proxy")


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def stack(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def duration(text: str) -> float:
    return seconds(text)


def test_it_is_the_app_in_two_colors_and_a_proxy(stack: dict[str, Any]) -> None:
    assert sorted(stack["services"]) == sorted(SERVICES)
    assert stack["services"]["proxy"]["image"] == "nginx:1.30"


def test_only_green_hides_behind_a_profile(stack: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles") for name, service in stack["services"].items()}
    assert profiles == {"app": None, "app_green": ["green"], "proxy": None}


def test_the_colors_differ_in_nothing_but_their_color(stack: dict[str, Any]) -> None:
    blue, green = (dict(stack["services"][name]) for name in COLORS)
    assert (blue.pop("labels"), green.pop("labels")) == ({"rollout.color": "blue"}, {"rollout.color": "green"})
    blue_environment, green_environment = blue.pop("environment"), green.pop("environment")
    assert (blue_environment.pop("COLOR"), green_environment.pop("COLOR")) == ("blue", "green")
    assert blue_environment == green_environment
    assert green.pop("profiles") == ["green"]
    assert blue == green


def test_each_color_has_an_image_of_its_own(stack: dict[str, Any]) -> None:
    for name in COLORS:
        assert "image" not in stack["services"][name], "one image name for both: building green would move blue's tag"
        assert stack["services"][name]["build"]["context"] == "./console/demo/app"


def test_the_release_name_is_baked_in_and_changes_no_configuration_hash(stack: dict[str, Any]) -> None:
    for name in COLORS:
        assert stack["services"][name]["build"]["args"] == {"VERSION": "${VERSION:-dev}"}
        assert "VERSION" not in stack["services"][name]["environment"]


def test_both_colors_share_one_health_check_that_asks_for_readiness(text: str, stack: dict[str, Any]) -> None:
    assert text.count("&healthcheck") == 1
    assert "*healthcheck" in text
    check = stack["services"]["app"]["healthcheck"]
    assert check is stack["services"]["app_green"]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["test"][-1] == "/ready"
    assert {"interval", "timeout", "retries", "start_period", "start_interval"} <= set(check)
    assert duration(check["start_interval"]) <= 0.25
    assert duration(check["timeout"]) < duration(check["interval"])
    assert (ROOT / "console/demo/app" / Path(check["test"][-2]).name).is_file()


def test_only_the_proxy_publishes_ports_and_its_control_listener_stays_on_loopback(stack: dict[str, Any]) -> None:
    assert [name for name in SERVICES if "ports" in stack["services"][name]] == ["proxy"]
    users, control = stack["services"]["proxy"]["ports"]
    assert users == "${HTTP_BIND:-127.0.0.1}:${HTTP_PORT:-8080}:80"
    assert control == "127.0.0.1:${CONTROL_PORT:-9080}:9080"


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_a_fixed_container_name(stack: dict[str, Any], name: str) -> None:
    assert "container_name" not in stack["services"][name]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_restarts_lives_on_edge_and_keeps_bounded_logs(stack: dict[str, Any], name: str) -> None:
    service = stack["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["networks"] == ["edge"]
    assert "max-size" in service["logging"]["options"]
    assert "edge" in stack["networks"]


def test_configuration_is_mounted_read_only_and_as_directories(stack: dict[str, Any]) -> None:
    assert all("volumes" not in stack["services"][name] for name in COLORS)
    mounts = stack["services"]["proxy"]["volumes"]
    assert {mount["source"]: mount["target"] for mount in mounts} == {
        "./nginx": "/etc/nginx",
        "./state/nginx": "/etc/rollout",
    }
    for mount in mounts:
        assert mount["type"] == "bind"
        assert mount["read_only"] is True
        assert not (ROOT / mount["source"]).is_file()


def test_what_a_cutover_writes_is_ignored_by_git(stack: dict[str, Any]) -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    assert "state/" in ignored
    assert stack["x-rollout"]["proxy"]["config"].startswith("state/")


def test_the_proxy_waits_for_a_healthy_app(stack: dict[str, Any]) -> None:
    assert stack["services"]["proxy"]["depends_on"] == {"app": {"condition": "service_healthy"}}
    assert all("depends_on" not in stack["services"][name] for name in COLORS)


def test_nothing_undercuts_the_drain_deadline(stack: dict[str, Any]) -> None:
    drain = duration(stack["x-rollout"]["drain"]["deadline"])
    (shutdown,) = find(read(ROOT / "nginx/nginx.conf"), "worker_shutdown_timeout")
    assert seconds(shutdown.arguments[0]) >= drain
    for name in SERVICES:
        assert duration(stack["services"][name]["stop_grace_period"]) > drain


@pytest.mark.parametrize("name", COLORS)
def test_a_replica_that_has_only_just_been_started_can_be_stopped(stack: dict[str, Any], name: str) -> None:
    assert stack["services"][name]["init"] is True


def test_the_rollout_block_names_what_exists(stack: dict[str, Any]) -> None:
    block = stack["x-rollout"]
    assert block["colors"] == {"blue": "app", "green": "app_green"}
    assert set(block["colors"].values()) < set(stack["services"])
    assert block["proxy"] == {"kind": "nginx", "service": "proxy", "config": "state/nginx"}
    assert str(block["port"]) == stack["services"]["app"]["environment"]["PORT"]
    assert block["ready"]["path"] == "/ready"
    published = re.search(r":(\$\{HTTP_PORT:-\d+\}):80", stack["services"]["proxy"]["ports"][0])
    assert published is not None
    for key in ("smoke", "load"):
        assert f"127.0.0.1:{published[1]}/" in block[key]["url"]


def test_the_app_runs_without_privileges_from_an_image_without_a_shell_form(stack: dict[str, Any]) -> None:
    for name in COLORS:
        service = stack["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    lines = (ROOT / "console/demo/app/Dockerfile").read_text().splitlines()
    instructions = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    assert instructions["FROM"] == "python:3.13-slim"
    assert instructions["CMD"].startswith("[")
    assert re.fullmatch(r"\d+:\d+", instructions["USER"])
    assert instructions["ENV"] == "VERSION=$VERSION"


def test_the_app_needs_the_standard_library_only() -> None:
    imported = set()
    for path in (ROOT / "console/demo/app").glob("*.py"):
        imported |= set(re.findall(r"^\s*(?:from|import) ([a-z_]+)", path.read_text(), re.MULTILINE))
    import sys  # noqa: PLC0415 - next to its only use

    assert imported <= sys.stdlib_module_names
    assert "asyncio" in imported
