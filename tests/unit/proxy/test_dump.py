"""What the engine makes of `nginx -T`; that of a real one is in the proxy contract."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.adapters.proxy.dump import dumped_facts, ways_past
from console.adapters.proxy.nginx import NginxProxy
from console.adapters.proxy.process_host import ProcessHost
from console.model.errors import ProxyRefusedError
from console.planning.preflight import parse_nginx
from console.ports.proxy_host import OUTPUT_KEPT, CommandResult, Process
from tests.fakes.stack import make_spec

MAIN = "# configuration file /etc/nginx/nginx.conf:\n"
GENERATED = PurePosixPath("/etc/rollout/upstream.conf")
SECRET = 'proxy_set_header Authorization "Bearer s3cret";'
PAST = f"{MAIN}http {{ server {{ listen 80; {SECRET} location /direct/ {{ proxy_pass http://app/s3cret; }} }} }}"
FOUND = ("location /direct/: proxy_pass http://app",)


class SayingHost(ProcessHost):
    """An nginx that answers as it is told to: one of 2014, or one that is killed at a given byte, is not here."""

    def __init__(self, **answers: CommandResult) -> None:
        super().__init__(Path("/nowhere"))
        self.answers = answers
        self.asked: list[str] = []

    async def run(self, argv: tuple[str, ...], *, deadline: float) -> CommandResult:
        assert deadline > 0
        self.asked.append(argv[-1])
        return self.answers[argv[-1].removeprefix("-")]

    async def processes(self) -> tuple[Process, ...]:
        return (Process(pid=1, parent=0, title="nginx: master process nginx"),)


async def test_a_validation_asks_once_and_tells_what_goes_past_the_upstream() -> None:
    host = SayingHost(T=CommandResult(exit_code=0, output=PAST))
    assert await NginxProxy(make_spec(), host).validate() == FOUND
    assert host.asked == ["-T"]


async def test_nothing_of_a_configuration_is_told_on_when_its_test_is_cut_short() -> None:
    host = SayingHost(T=CommandResult(exit_code=137, output=f"nginx: [warn] careful\n{PAST}\n[emerg] s3cret"))
    with pytest.raises(ProxyRefusedError) as refused:
        await NginxProxy(make_spec(), host).validate()
    assert "careful" in str(refused.value)
    assert "s3cret" not in f"{refused.value}{refused.value.now}{refused.value.next_command}"


@pytest.mark.parametrize("code", [0, 1])
async def test_an_nginx_that_knows_no_dump_is_tested_as_ever(code: int) -> None:
    host = SayingHost(
        T=CommandResult(exit_code=1, output='nginx: invalid option: "T"\n'),
        t=CommandResult(exit_code=code, output="nginx: [emerg] no such host\n"),
    )
    proxy = NginxProxy(make_spec(), host)
    if code:
        with pytest.raises(ProxyRefusedError, match="no such host"):
            await proxy.validate()
    else:
        assert await proxy.validate() == ()
    assert host.asked == ["-T", "-t"]


async def test_a_configuration_that_is_not_whole_is_not_judged() -> None:
    assert await ways_past(make_spec(), CommandResult(exit_code=0, output=PAST)) == FOUND
    assert await ways_past(make_spec(), CommandResult(exit_code=0, output=PAST, whole=False)) == ()


async def test_a_configuration_that_can_not_be_followed_refuses_nothing() -> None:
    deep = f"{MAIN}http {{ server {{ listen 80; {'location / { ' * 5000}"
    assert await ways_past(make_spec(), CommandResult(exit_code=0, output=deep)) == ()


@given(st.lists(st.sampled_from([*'{};"\'$\\#\n *', "include", "/", "http", "server", "location", "map", "set",
    "upstream", "proxy_pass", "$x", "${x", "listen", "80", "keepalive_min_timeout", "1s", MAIN, "app"])))  # fmt: skip
def test_no_text_at_all_is_more_than_its_reader_can_bear(words: list[str]) -> None:
    parse_nginx(MAIN + " ".join(words), generated=GENERATED, services=frozenset({"app"}))


def test_the_largest_configuration_is_read_in_seconds() -> None:
    body = "proxy_set_header X-Some-Header $some_value; set $x{0} 10.0.0.1; proxy_pass http://$x{0}; " * 4
    server = f"server {{{{ listen 80; include snippets/tls.conf; location /{{0}} {{{{ {body} }}}} }}}}\n"
    sites = f"# configuration file /etc/nginx/sites/{{0}}.conf:\n{server}"
    shared = "# configuration file /etc/nginx/snippets/tls.conf:\ntcp_nopush on;\n"
    files = "".join(sites.format(number) for number in range(2400))
    dump = f"{MAIN}http {{ include sites/*.conf; }}\n{files}{shared}"
    assert 0.8 * OUTPUT_KEPT < len(dump) < 1.2 * OUTPUT_KEPT
    began = time.process_time()
    facts = dumped_facts(make_spec(), CommandResult(exit_code=0, output=dump))
    assert facts.bypasses == ()
    assert facts.routes_by_upstream is False
    assert time.process_time() - began < 20


def test_a_proxy_that_sees_the_directory_elsewhere_is_read_there() -> None:
    spec = make_spec()
    own = "upstream rollout { server app:80; } server { location / { proxy_pass http://rollout; } }"
    dump = f"{MAIN}http {{ include /etc/rollout/*.conf; }}\n# configuration file /etc/rollout/upstream.conf:\n{own}"
    seen = CommandResult(exit_code=0, output=dump)
    assert dumped_facts(spec, seen).bypasses == ("location /: proxy_pass http://rollout",)
    there = replace(spec, proxy=replace(spec.proxy, target=PurePosixPath("/etc/rollout")))
    assert dumped_facts(there, seen).bypasses == ()
