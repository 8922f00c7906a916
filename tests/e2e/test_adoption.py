"""A stack that serves already is put under the console: what is in the way is named, with the way on."""

from __future__ import annotations

import re
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Operator, flat
from tests.support.stack import ROOT, ReferenceStack

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]

PROXY_CONF = """
resolver 127.0.0.11 valid=1s ipv6=off;
keepalive_min_timeout 2s;
map "" $rollout_upstream   { default web:8000; }
map "" $rollout_generation { default 0; }
map "" $rollout_color      { default blue; }
include /etc/rollout/*.conf;
server { listen 80; location / { proxy_pass http://$rollout_upstream; } }
"""
MAIN = "events {}\nhttp { include conf.d/*.conf; }\n"


@pytest.fixture
def shop(tmp_path: Path, project_name: str, free_ports: Callable[[int], list[int]]) -> Operator:
    """A directory with an app and the proxy's configuration, and no Compose file yet."""
    http_port, control_port = free_ports(2)
    shutil.copytree(ROOT / "console/demo/app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (tmp_path / "nginx/conf.d").mkdir(parents=True)
    (tmp_path / "nginx/nginx.conf").write_text(MAIN)
    (tmp_path / "nginx/conf.d/site.conf").write_text(PROXY_CONF)
    stack = ReferenceStack(directory=tmp_path, project=project_name, http_port=http_port, control_port=control_port)
    return Operator(stack=stack)


def write(shop: Operator, *, web_port: int | None = None, proxy_ports: tuple[str, ...] = ()) -> None:
    """The Compose file, with the port on the app, or with the proxy in front of it."""
    probe = ["CMD", "python3", "-I", "-S", "/srv/app/probe.py", "/ready"]
    web: dict[str, object] = {
        "build": {"context": "./app", "args": {"VERSION": "v1"}},
        "environment": {"COLOR": "blue"},
        "healthcheck": {"test": probe, "interval": "2s", "start_period": "30s", "start_interval": "250ms"},
    }
    plain: dict[str, object] = {"name": shop.stack.project, "services": {"web": web}}
    if web_port:
        web["ports"] = [f"127.0.0.1:{web_port}:8000"]
    if proxy_ports:
        plain["services"] = {
            "web": web,
            "proxy": {
                "image": "nginx:1.30",
                "ports": list(proxy_ports),
                "volumes": ["./nginx:/etc/nginx:ro", "./state/nginx:/etc/rollout:ro"],
                "restart": "unless-stopped",
                "depends_on": {"web": {"condition": "service_healthy"}},
            },
        }
        plain["x-rollout"] = {"service": "web"}
    (shop.stack.directory / "docker-compose.yml").write_text(yaml.safe_dump(plain, sort_keys=False))


def published(shop: Operator) -> tuple[str, str]:
    return f"127.0.0.1:{shop.stack.http_port}:80", f"127.0.0.1:{shop.stack.control_port}:9080"


def test_a_port_that_the_app_still_has_is_named_with_the_command_that_hands_it_over(shop: Operator) -> None:
    write(shop, web_port=shop.stack.http_port)
    shop.stack.compose("up", "--detach", "--build", "--wait")
    web = f"{shop.stack.project}-web-1"
    write(shop, proxy_ports=published(shop))
    shop.rollout("init", "--write")
    checked = flat(shop.rollout("check", expect=1).stdout)
    assert checked.count(f"port {shop.stack.http_port} is published by {web}") == 1

    told = shop.rollout("up", expect=3).stderr
    assert f"port {shop.stack.http_port} is still published by {web}" in flat(told)
    (command,) = re.findall(r"(?m)^ *next +(docker compose .*)$", told)
    shop.stack.run(*shlex.split(command))
    shop.rollout("up")
    shop.rollout("check")
    assert shop.agreed() == "blue"


def test_a_proxy_that_does_not_start_is_told_in_its_own_words_and_at_once(shop: Operator) -> None:
    (shop.stack.directory / "nginx/conf.d/site.conf").write_text(PROXY_CONF + "nonsense on;\n")
    write(shop, proxy_ports=published(shop))
    shop.rollout("init", "--write")
    began = time.monotonic()
    told = flat(shop.rollout("up", expect=3).stderr)
    assert time.monotonic() - began < 45.0, "it waited for a proxy that can't come, until the replicas' deadline"
    assert 'unknown directive "nonsense"' in told
    assert 'unknown directive "nonsense"' in flat(shop.rollout("check", expect=1).stdout)
    assert 'unknown directive "nonsense"' in flat(shop.rollout("status", expect=1).stdout)
    (shop.stack.directory / "nginx/conf.d/site.conf").write_text(PROXY_CONF)
    shop.rollout("check", expect=None)
    shop.stack.compose("restart", "proxy")
    shop.rollout("up")
    assert shop.agreed() == "blue"


def test_a_proxy_that_was_made_without_the_control_port_has_to_be_made_anew(shop: Operator) -> None:
    users, control = published(shop)
    write(shop, proxy_ports=(users,))
    shop.rollout("init", "--write")
    shop.stack.compose("up", "--detach", "--build", "--wait")
    write(shop, proxy_ports=(users, control))
    anew = f"docker compose -p {shop.stack.project} up -d --no-deps proxy"
    checked = flat(shop.rollout("check", expect=1).stdout)
    assert "does not publish its control listener" in checked
    told = shop.rollout("up", expect=3).stderr
    assert f"next       {anew}" in told
    shop.stack.run(*shlex.split(anew))
    shop.rollout("up")
    assert shop.agreed() == "blue"
