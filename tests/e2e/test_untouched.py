"""What a deploy must not touch: the serving color, the proxy, any other service, and what a plain `up` does later."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Operator

pytestmark = pytest.mark.docker

DATABASE = """
  database:
    image: python:3.13-slim
    command: [sleep, "86400"]
    init: true
    networks: [edge]
    environment: {SETTING: "1"}
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pinned", [False, True])
def test_a_deploy_touches_nothing_but_the_idle_color(operator: Operator, pinned: bool) -> None:  # noqa: FBT001
    operator.edit("docker-compose.yml", lambda text: text.replace("\nnetworks:\n", f"{DATABASE}\nnetworks:\n", 1))
    operator.stack.compose("up", "--detach", "database")
    if pinned:
        operator.rollout("init", "--write", "--write-env")
        operator.stack.compose("up", "--detach", "--no-recreate")
    others = ("app", "proxy", "database")
    before = operator.identities(*others)
    operator.edit("docker-compose.yml", lambda text: text.replace('SETTING: "1"', 'SETTING: "2"'))

    operator.rollout("deploy", deadline=240)
    assert operator.identities(*others) == before
    assert operator.serving() == "green"

    operator.edit("docker-compose.yml", lambda text: text.replace('SETTING: "2"', 'SETTING: "1"'))
    everything = operator.identities(*others, "app_green")
    operator.stack.compose("up", "--detach")
    assert operator.identities(*others, "app_green") == everything

    operator.rollout("deploy", deadline=240)
    assert operator.serving() == "blue"
    everything = operator.identities(*others, "app_green")
    operator.stack.compose("up", "--detach")
    assert operator.identities(*others, "app_green") == everything
    assert operator.serving() == "blue"


@pytest.mark.timeout(300)
def test_a_proxy_that_restarts_serves_what_it_served(operator: Operator) -> None:
    operator.rollout("deploy", deadline=240)
    operator.stack.compose("restart", "proxy")
    operator.rollout("status")
    assert operator.serving() == "green"
    operator.stack.run("git", "stash")
    operator.stack.run("git", "stash", "pop")
    operator.stack.compose("restart", "proxy")
    operator.rollout("status")
    assert operator.serving() == "green"
