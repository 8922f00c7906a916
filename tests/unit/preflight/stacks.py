"""A stack in which nothing is wrong, to be spoilt one thing at a time."""

from __future__ import annotations

import copy
from pathlib import Path

from console.config.merged import read_stack
from console.config.static import gather_static
from console.model.facts import Facts, HostFacts, ProxyFacts
from tests.unit.config.building import DIRECTORY, spec_of

GIB = 1024**3
CLEAN_PROXY = ProxyFacts(
    version=(1, 30, 0),
    keepalive_min_timeout=2.0,
    worker_shutdown_timeout=35.0,
    includes_generated=True,
    routes_by_upstream=True,
    has_fallback=True,
    control_listens=True,
    retries_non_idempotent=False,
    control_published="127.0.0.1:9080",
    control_answers=True,
    forwarded=("127.0.0.1:8080", "127.0.0.1:9080"),
)
CLEAN_HOST = HostFacts(
    disk_free_bytes=50 * GIB,
    image_bytes=GIB // 2,
    state_free_bytes=GIB,
    state_writable=True,
    rollback_image="shop:0",
    rollback_image_present=True,
)
APP: dict[str, object] = {
    "image": "shop:1",
    "networks": {"edge": None},
    "restart": "unless-stopped",
    "stop_grace_period": "40s",
    "healthcheck": {"test": ["CMD", "probe"], "interval": "5s", "start_period": "60s", "start_interval": "250ms"},
}
PROXY: dict[str, object] = {
    "image": "nginx:1.30",
    "networks": {"edge": None},
    "restart": "unless-stopped",
    "stop_grace_period": "40s",
    "depends_on": {"app": {"condition": "service_healthy"}},
    "ports": [
        {"target": 80, "published": "8080", "protocol": "tcp"},
        {"target": 9080, "published": "9080", "host_ip": "127.0.0.1", "protocol": "tcp"},
    ],
    "volumes": [
        {"type": "bind", "source": str(DIRECTORY / "state/nginx"), "target": "/etc/rollout", "read_only": True},
    ],
}


def facts(  # noqa: PLR0913 - one for each part of a stack
    *,
    app: dict[str, object] | None = None,
    green: dict[str, object] | None = None,
    proxy: dict[str, object] | None = None,
    block: dict[str, object] | None = None,
    live: ProxyFacts | None = CLEAN_PROXY,
    host: HostFacts = CLEAN_HOST,
) -> Facts:
    """The clean stack with some keys changed; a value of None takes the key away."""
    services = {"app": _changed(APP, app), "proxy": _changed(PROXY, proxy)}
    more: dict[str, object] = {"service": "app", **(block or {})}
    if green is not None:
        services["app_green"] = _changed(APP, green)
        more["colors"] = {"blue": "app", "green": "app_green"}
    model: dict[str, object] = {"name": "shop", "services": services}
    spec = spec_of({**more, "smoke": {"url": "http://127.0.0.1:8080/"}}, model)
    return Facts(spec=spec, static=gather_static(spec, read_stack(model)), proxy=live, host=host)


def bind(source: Path, target: str, *, read_only: bool = True) -> dict[str, object]:
    return {"type": "bind", "source": str(source), "target": target, "read_only": read_only}


def _changed(base: dict[str, object], changes: dict[str, object] | None) -> dict[str, object]:
    merged = {**copy.deepcopy(base), **(changes or {})}
    return {key: value for key, value in merged.items() if value is not None}
