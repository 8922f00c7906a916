"""The path that a healthcheck asks, found in its command: a proposal for `ready.path`."""

from __future__ import annotations

import pytest

from console.config.merged import probed_path


@pytest.mark.parametrize(
    ("test", "path"),
    [
        (["CMD", "curl", "-fsS", "http://localhost:8000/health"], "/health"),
        (["CMD-SHELL", "curl -f http://localhost/api/v1/healthz || exit 1"], "/api/v1/healthz"),
        (["CMD-SHELL", "wget -qO- 'http://127.0.0.1:3000/ready?full=1'"], "/ready"),
        (["CMD", "probe", "/readyz"], "/readyz"),
        (["CMD", "python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/')"], "/"),
        (["CMD-SHELL", "curl -f http://localhost:8000"], "/"),
        (["CMD-SHELL", "curl -f http://localhost:8000/ || exit 1"], "/"),
        (["CMD-SHELL", "curl -f http://localhost:8000/?token=secret"], None),
        (["CMD-SHELL", "curl -f http://localhost:8000/s3cr3t-path"], None),
        (["CMD", "pg_isready", "-U", "postgres"], None),
        (["NONE"], None),
        (None, None),
    ],
)
def test_well_known_paths_are_found_and_nothing_else_is_shown(test: object, path: str | None) -> None:
    assert probed_path(test) == path
