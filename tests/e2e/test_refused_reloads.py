"""The five ways in which nginx refuses a reload, three of which exit 0: each is told, and the old color goes on."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Operator

pytestmark = pytest.mark.docker

NGINX = "nginx/nginx.conf"
FAULTS = {
    "syntax error": ("    tcp_nopush on;", "    tcp_nopush perhaps;"),
    "unresolvable name": ("    tcp_nopush on;", "    tcp_nopush on;\n    upstream gone { server no-such-host:1; }"),
    "bad log path": ("error_log stderr notice;", "error_log /no/such/directory/error.log notice;"),
    "changed zone": (
        "    tcp_nopush on;",
        "    tcp_nopush on;\n    limit_req_zone $request_uri zone=limit:1m rate=100000r/s;",
    ),
    "port taken": ("    tcp_nopush on;", "    tcp_nopush on;\n    server { listen 8888; }"),
}
ZONE = "    limit_req_zone $binary_remote_addr zone=limit:1m rate=100000r/s;"
TAKE_PORT = "import socket, time; s = socket.socket(); s.bind(('', 8888)); s.listen(); time.sleep(600)"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_refused_reload_is_told_and_the_old_color_goes_on(operator: Operator, kind: str) -> None:
    if kind == "changed zone":
        operator.edit(NGINX, lambda text: text.replace("    tcp_nopush on;", f"    tcp_nopush on;\n{ZONE}"))
        operator.stack.compose("restart", "proxy")
    if kind == "port taken":
        network = f"container:{operator.stack.compose('ps', '--quiet', 'proxy').strip()}"
        label = f"com.docker.compose.project={operator.stack.project}"
        command = ("docker", "run", "--detach", "--rm", "--label", label, "--network", network)
        operator.stack.run(*command, "python:3.13-slim", "python3", "-c", TAKE_PORT)
    before = operator.status()
    old, new = FAULTS[kind]
    target = ZONE if kind == "changed zone" else old
    replacement = new.splitlines()[-1] if kind == "changed zone" else new
    operator.edit(NGINX, lambda text: text.replace(target, replacement))

    done = operator.rollout("deploy", expect=3, deadline=240)

    assert operator.serving() == "blue"
    assert operator.active_color() == "blue"
    after = operator.status()
    assert after["drift"] is None, after
    assert before["drift"] is None
    assert "blue serves" in done.stderr
    operator.edit(NGINX, lambda text: text.replace(replacement, target))
    if kind != "port taken":
        operator.rollout("deploy", deadline=240)
        assert operator.serving() == "green"
