"""The copy of the reference stack that end-to-end tests start from."""

from __future__ import annotations

import pytest

from tests.support.stack import ReferenceStack
from tests.support.traffic import Traffic


def test_a_copy_is_clean_and_has_addresses_of_its_own(reference_stack: ReferenceStack) -> None:
    assert reference_stack.changed_files() == ""
    assert not reference_stack.state.exists()
    assert reference_stack.http_port != reference_stack.control_port
    (reference_stack.directory / "nginx" / "nginx.conf").write_text("changed")
    assert "nginx/nginx.conf" in reference_stack.changed_files()


@pytest.mark.docker
def test_a_copy_serves_blue_and_the_judge_finds_nothing_lost(reference_stack: ReferenceStack) -> None:
    reference_stack.compose("up", "--detach", "--build", "--wait")
    reference_stack.wait_until_served()
    with Traffic(reference_stack.url, rate=200.0) as traffic:
        traffic.wait_for(600)
    traffic.report.assert_clean(at_least=600)
    assert {release.partition("/")[0] for release in traffic.report.releases} == {"blue"}
    assert {"GET kept", "GET fresh", "POST kept", "POST fresh", "slow kept", "slow fresh"} <= set(traffic.report.sent)
    assert reference_stack.changed_files() == ""
