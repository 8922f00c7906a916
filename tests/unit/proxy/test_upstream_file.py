from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.adapters.proxy.upstream_file import parse, reissue, render
from console.model.color import Color
from console.model.observed import Upstream

NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}[a-z0-9_]", fullmatch=True)
SERVERS = st.builds("{}:{}".format, NAMES, st.integers(1, 65535))
UPSTREAMS = st.builds(
    Upstream,
    generation=st.integers(0, 10**12),
    color=st.sampled_from(Color),
    servers=st.lists(SERVERS, min_size=1, max_size=5).map(tuple),
)
GREEN = Upstream(generation=42, color=Color.GREEN, servers=("app_green:8000",))


def test_the_file_is_what_the_contract_says() -> None:
    assert render(GREEN).decode() == (
        "# rollout: generation=42 color=green\n"
        "upstream rollout {\n"
        "    server app_green:8000;\n"
        "    keepalive 64;\n"
        "}\n"
        'map "" $rollout_upstream { default rollout; }\n'
        'map "" $rollout_generation { default 42; }\n'
        'map "" $rollout_color { default green; }\n'
    )


@given(UPSTREAMS)
def test_what_was_rendered_is_parsed_back(upstream: Upstream) -> None:
    assert parse(render(upstream)) == upstream


@given(UPSTREAMS, st.integers(0, 10**12))
def test_a_reissued_file_differs_in_its_generation_alone(upstream: Upstream, generation: int) -> None:
    reissued = parse(reissue(render(upstream), generation))
    assert reissued == Upstream(generation=generation, color=upstream.color, servers=upstream.servers)


@given(st.binary(max_size=200))
def test_any_content_is_parsed_or_not_ours_and_can_be_reissued(content: bytes) -> None:
    assert parse(content) is None
    reissued = reissue(content, 7)
    assert reissued.startswith(b"# rollout: generation=7 color=none\n")
    assert b'map "" $rollout_generation { default 7; }\n' in reissued
    assert content in reissued


@pytest.mark.parametrize(
    "server",
    ["app", "app:", "app:0", "app:65536", "app:80; }", "app:80\n", "-app:80", "a b:80", "app:80 resolve", "$x:80", ""],
)
def test_a_server_that_could_end_up_as_configuration_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        render(Upstream(generation=1, color=Color.BLUE, servers=(server,)))


def test_an_upstream_without_servers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one server"):
        render(Upstream(generation=1, color=Color.BLUE, servers=()))


def test_a_negative_generation_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        render(Upstream(generation=-1, color=Color.BLUE, servers=("app:80",)))


def test_several_servers_keep_their_order() -> None:
    upstream = Upstream(generation=1, color=Color.BLUE, servers=("b:1", "a:2", "c:3"))
    assert parse(render(upstream)) == upstream


@pytest.mark.parametrize("content", [None, b"", b"upstream rollout {\n    server app:80;\n}\n"])
def test_a_missing_empty_or_foreign_file_configures_nothing(content: bytes | None) -> None:
    assert parse(content) is None


def test_a_color_that_is_not_ours_configures_nothing() -> None:
    assert parse(render(GREEN).replace(b"color=green", b"color=red")) is None


def test_no_file_is_reissued_as_a_file_that_tells_its_generation_alone() -> None:
    assert reissue(None, 7) == b'# rollout: generation=7 color=none\nmap "" $rollout_generation { default 7; }\n'
    assert parse(reissue(None, 7)) is None


def test_a_reissued_absence_can_be_reissued_again() -> None:
    assert reissue(reissue(None, 7), 8) == reissue(None, 8)


def test_a_file_edited_by_hand_keeps_its_edits_when_it_is_reissued() -> None:
    edited = render(GREEN).replace(b"keepalive 64;", b"keepalive 8;\n    least_conn;")
    reissued = reissue(edited, 43)
    assert b"least_conn;" in reissued
    assert reissued.count(b"$rollout_generation") == 1
    assert parse(reissued) == Upstream(generation=43, color=Color.GREEN, servers=GREEN.servers)
