"""Specs for the unit tests of the Compose adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.color import Color
from console.model.spec import ProxySpec, SmokeSpec, Spec


def spec(directory: Path, **changes: object) -> Spec:
    """Two services of the user's own in one Compose file, in a directory that need not exist."""
    plain = Spec(
        project="shop",
        directory=directory,
        compose_files=(directory / "docker-compose.yml",),
        profiles={Color.GREEN: "green"},
        state=directory / "state",
        active_color_file=directory / "state" / "active-color",
        upstream_file=directory / "state" / "nginx" / "upstream.conf",
        service="app",
        services={Color.BLUE: "app", Color.GREEN: "app_green"},
        images=dict.fromkeys(Color, "shop:latest"),
        proxy=ProxySpec(config=directory / "state" / "nginx"),
        smoke=SmokeSpec(url="http://127.0.0.1:8080/health"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def twin(directory: Path, **changes: object) -> Spec:
    """One service in one Compose file on disk, and its derived twin."""
    (directory / "docker-compose.yml").write_text("services: {app: {image: 'shop:latest'}}\n")
    return spec(directory, **{"derived_twin": True, "profiles": {}, **changes})


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """Environment variables for a while; None takes one away."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in values.items():
            if value is None:
                patch.delenv(key, raising=False)
            else:
                patch.setenv(key, value)
        yield
