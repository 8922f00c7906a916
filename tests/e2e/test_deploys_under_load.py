"""The main promise, on real Docker, real nginx and real traffic: nothing is dropped."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest

from tests.e2e.conftest import Operator
from tests.support.traffic import Traffic

DEPLOYS = int(os.environ.get("ROLLOUT_TEST_DEPLOYS", "30"))
RATE = 500.0

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.busy]


@pytest.mark.timeout(900)
def test_thirty_deploys_in_a_row_drop_nothing(operator: Operator) -> None:
    operator.rollout("deploy", deadline=240)
    operator.rollout("deploy", deadline=240)
    with Traffic(operator.stack.url, rate=RATE, max_seconds=890, max_requests=450_000) as traffic:
        traffic.wait_for(300)
        served = []
        for _ in range(DEPLOYS):
            operator.rollout("deploy", "--source", "local")
            served.append(operator.serving())
        traffic.wait_for(300)
    assert served == ["green" if served[0] == "green" else "blue", *served[1:]]
    assert all(before != after for before, after in pairwise(served))
    traffic.report.assert_clean(at_least=DEPLOYS * 300)
    assert {name.partition("/")[0] for name in traffic.report.releases} == {"blue", "green"}
    assert traffic.report.sent["slow kept"] + traffic.report.sent["slow fresh"] > DEPLOYS * 2
    assert operator.stack.changed_files() == " M docker-compose.yml\n"


@pytest.mark.timeout(600)
def test_two_replicas_a_color_drop_nothing_through_deploy_cutover_rollback_and_retire(operator: Operator) -> None:
    env = operator.stack.directory / ".env"
    env.write_text(env.read_text() + "REPLICAS=2\n")
    operator.rollout("deploy", deadline=240)
    with Traffic(operator.stack.url, rate=RATE) as traffic:
        traffic.wait_for(200)
        operator.rollout("deploy", deadline=240)
        assert len(operator.identities("app", "app_green")) == 4
        operator.rollout("deploy", "--no-cutover", "--source", "local")
        for command in ("cutover", "rollback", "drain", "retire", "rollback"):
            operator.rollout(command)
        traffic.wait_for(300)
    traffic.report.assert_clean(at_least=2_000)
