from __future__ import annotations

import shutil
import socket
import subprocess
import sys

import pytest

from console.load.answer import attribution
from console.load.target import TargetError, is_own, parse_url, resolve
from console.load.template import is_idempotent, render
from console.model.load import LoadConfig


def a_config(url: str = "http://127.0.0.1:8080/", **settings: object) -> LoadConfig:
    return LoadConfig(**{"url": url, "rate": 1.0, **settings})  # type: ignore[arg-type]  # each test names its own


@pytest.mark.parametrize(
    ("text", "authority", "path"),
    [
        ("http://127.0.0.1", "127.0.0.1", "/"),
        ("http://shop.example:80/a?b=c#d", "shop.example", "/a?b=c"),
        ("https://shop.example:443/", "shop.example", "/"),
        ("https://shop.example:80/", "shop.example:80", "/"),
        ("http://[::1]:8080/x", "[::1]:8080", "/x"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", "/"),
        ("http://\u30c9.example:8080/", "xn--gdk.example:8080", "/"),
    ],
)
def test_a_url_is_taken_apart_as_a_request_needs_it(text: str, authority: str, path: str) -> None:
    url = parse_url(text)
    assert (url.authority, url.path) == (authority, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop",
        "ftp://x/",
        "http://",
        "http://x:99999/",
        "http://u:p@x/",
        "http://x/a b",
        "http://x/\u00e9",
        "http://\u00e9..x/",
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_url(text)


def test_loopback_and_this_hosts_addresses_are_its_own_and_others_are_not() -> None:
    assert is_own("127.0.0.1")
    assert is_own("::1")
    assert not is_own("192.0.2.1")
    assert not is_own("224.0.0.1")
    assert not is_own("0.0.0.0")


def test_a_host_that_may_bind_to_any_address_does_not_own_them_all() -> None:
    own_network = ["unshare", "--user", "--map-root-user", "--net"]
    allowed = "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind"
    if (
        shutil.which("unshare") is None
        or subprocess.run([*own_network, "sh", "-c", allowed], capture_output=True, check=False).returncode
    ):
        pytest.skip("no network of its own can be made here")
    ask = "from console.load.target import is_own; print(is_own('192.0.2.1'), is_own('127.0.0.1'))"
    script = f'ip link set lo up; {allowed}; exec "$0" -c "{ask}"'
    said = subprocess.run(
        [*own_network, "sh", "-c", script, sys.executable], capture_output=True, text=True, check=False
    )
    assert said.stdout.split() == ["False", "True"], said.stderr


def test_an_address_of_another_host_is_refused_unless_asked_for() -> None:
    with pytest.raises(TargetError, match="--allow-remote"):
        resolve(a_config("http://192.0.2.1/"))
    assert resolve(a_config("http://192.0.2.1/", allow_remote=True)).address == ("192.0.2.1", 80)


def test_the_rate_cap_holds_also_where_everything_else_is_allowed() -> None:
    with pytest.raises(TargetError, match="rate"):
        resolve(a_config(rate=1e9, allow_remote=True))


def test_a_rate_too_low_for_any_timer_is_refused_and_a_pause_is_not() -> None:
    with pytest.raises(TargetError, match=r"a rate of 1e-20 is outside 0\.001 to 100000"):
        resolve(a_config(rate=1e-20))
    assert resolve(a_config(rate=0.0)).address == ("127.0.0.1", 8080)


def test_of_several_addresses_the_one_that_answers_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert resolve(a_config(f"http://localhost:{port}/")).address == ("127.0.0.1", port)


def test_the_request_carries_its_body_with_its_length_and_ones_own_headers_replace_ours() -> None:
    config = a_config(method="post", body=b"{}", headers=(("user-agent", "me"), ("X-A", "1")))
    assert render(config, parse_url(config.url)) == (
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nuser-agent: me\r\nAccept: */*\r\nX-A: 1\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )


def test_a_header_that_is_given_twice_is_sent_twice() -> None:
    config = a_config(headers=(("X-A", "1"), ("Accept", "text/html"), ("x-a", "2"), ("Accept", "text/plain")))
    head = render(config, parse_url(config.url)).decode().split("\r\n")
    assert head[3:7] == ["Accept: text/html", "Accept: text/plain", "X-A: 1", "x-a: 2"]


def test_a_post_without_a_body_says_so_and_a_get_says_nothing() -> None:
    url = parse_url("http://127.0.0.1/")
    assert b"Content-Length: 0\r\n" in render(a_config(method="POST"), url)
    assert b"Content-Length" not in render(a_config(), url)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "GE T"},
        {"method": "CONNECT"},
        {"headers": (("X\r\nY", "1"),)},
        {"headers": (("X", "1\r\nContent-Length: 5"),)},
        {"headers": (("Content-Length", "5"),)},
        {"headers": (("Transfer-Encoding", "chunked"),)},
        {"headers": (("connection", "close"),)},
        {"headers": (("Host", "a"), ("host", "b"))},
        {"headers": (("Expect", "100-continue"),)},
    ],
)
def test_what_would_break_the_framing_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(TargetError):
        render(a_config(**settings), parse_url("http://127.0.0.1/"))


def test_a_post_may_not_be_repeated_by_itself() -> None:
    assert [is_idempotent(method) for method in ("GET", "head", "PUT", "DELETE", "POST", "PATCH")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("rule", ["", "header", "header:", "json:", "cookie:x"])
def test_an_attribution_rule_that_means_nothing_is_refused(rule: str) -> None:
    with pytest.raises(TargetError, match="attribution"):
        attribution(a_config(release_from=rule))
