"""A location of the user's own that names a service itself, past the upstream that a cutover moves."""

from __future__ import annotations

import http.client

import pytest

from tests.e2e.conftest import Operator, flat

pytestmark = [pytest.mark.docker, pytest.mark.slow]

LOCATION = """
        location /direct/ {
            proxy_set_header Authorization "Bearer s3cret-header";
            proxy_pass http://app:8000/?token=s3cret-path;
        }
"""
PLACE = "location /direct/: proxy_pass http://app:8000"


def color_of(operator: Operator, path: str) -> str | None:
    """The color that answers a user there."""
    connection = http.client.HTTPConnection("127.0.0.1", operator.stack.http_port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().headers["X-Rollout-Color"]
    finally:
        connection.close()


@pytest.mark.timeout(600)
def test_whoever_skips_the_check_is_warned_in_the_deploy_and_nothing_of_the_configuration_is_kept(
    operator: Operator,
) -> None:
    quiet = operator.rollout("deploy", deadline=240)
    assert "past the upstream" not in flat(quiet.stdout + quiet.stderr)
    assert operator.receipt()["warnings"] == []

    operator.edit(
        "nginx/nginx.conf", lambda text: text.replace("        location / {", f"{LOCATION}        location / {{")
    )
    told = operator.rollout("deploy", deadline=240)
    assert PLACE in flat(told.stdout + told.stderr)
    (warning,) = operator.receipt()["warnings"]
    assert warning.startswith(f"past the upstream: {PLACE}; ")
    assert color_of(operator, "/direct/") == "blue"

    moved = operator.rollout("deploy", "--source", "local")
    assert PLACE in flat(moved.stdout + moved.stderr)
    assert (operator.serving(), color_of(operator, "/direct/")) == ("green", "blue")
    kept = [path for path in operator.stack.state.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "3.json"} <= {path.name for path in kept}
    assert "s3cret" not in "".join(
        [told.stdout, told.stderr, moved.stdout, moved.stderr, *(path.read_text(errors="replace") for path in kept)]
    )
