"""Deploys that are killed: nothing is dropped, the next start tells the truth, and every way on leads to agreement."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Operator, eventually, other
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DEPLOY = ("deploy", "--source", "local")
KILLS = [
    # step that has just begun, way on, has the traffic moved
    ("preflight", "resume", False),
    ("image", "deploy", False),
    ("remove", "adopt", False),
    ("start", "resume", False),
    ("await-ready", "deploy", False),
    ("smoke-replicas", "adopt", False),
    ("write", "deploy", False),
    ("validate", "resume", False),
    ("apply", "adopt", False),
    ("read-back", "rollback", True),
    ("record", "rollback", True),
    ("smoke-proxy", "resume", True),
    ("watch", "adopt", True),
    ("drain", "rollback", True),
    ("keep-warm", "resume", True),
]
"""Every step of a deploy."""


def kill_and_go_on(operator: Operator, step: str, way: str, *, moved: bool) -> None:
    """One kill, what is told of it, and one way on."""
    before = operator.serving()
    target = other(before)
    operator.killed_at(step, *DEPLOY)
    number = operator.last("rollout_started")["rollout"]
    serves = target if moved else before
    eventually(lambda: operator.serving() == serves, f"{serves} serves after the kill at {step}")

    told = operator.rollout("status", "--json", expect=None)
    status = json.loads(told.stdout)
    verdict = status["unfinished"]
    assert verdict is not None, f"{step}: {status}"
    assert verdict["rollout"] == number
    assert verdict["last_step"] == operator.last("step_started")["title"]
    assert f"rollout {number} (deploy by " in verdict["story"]
    assert "never ended" in verdict["story"]
    movement = " now: the traffic had moved" if moved else "; no traffic had moved"
    if step == "apply":
        movement = "; the proxy had been told to take another upstream, but no other color was seen serving"
    assert f"{serves} serves{movement}" in verdict["story"]
    assert status["serving"] == serves
    agree = status["drift"] is None
    assert verdict["consistent"] == (agree and not moved)
    assert ("DRIFT" in verdict["story"]) == (not agree)
    assert way == "deploy" or way in verdict["choices"], f"{step}: {verdict}"
    assert told.returncode == (0 if verdict["consistent"] else 1)

    for named in ((), (str(number),)):  # an older, green receipt is no evidence of it
        left = operator.rollout("receipt", *named, "--format", "junit", expect=3)
        told_so = " ".join(left.stderr.split())
        assert (left.stdout, f"rollout {number} has left no receipt: it never ended" in told_so) == ("", True)
        assert "rollout recover" in told_so
    if not verdict["consistent"]:
        refused = operator.rollout(*DEPLOY, expect=3)
        assert "rollout recover" in refused.stderr
        assert operator.serving() == serves
    operator.rollout(*(DEPLOY if way == "deploy" else ("recover", f"--{way}")))
    after = {"deploy": target, "resume": target, "rollback": before, "adopt": serves}[way]
    assert operator.agreed() == after, f"{step} {way}"


@pytest.mark.timeout(600)
def test_a_deploy_killed_at_any_step_drops_nothing_and_every_way_on_leads_to_agreement(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(100)
        for step, way, moved in KILLS:
            kill_and_go_on(operator, step, way, moved=moved)
        traffic.wait_for(100)
    traffic.report.assert_clean(at_least=len(KILLS) * 100)
    steps = {record["step"] for record in operator.records() if record["type"] == "step_started"}
    assert {step for step, *_ in KILLS} >= {step for step in steps if step not in {"bring-up", "build"}}
