"""The merged Compose model, cut down to what a rollout needs, typed. Environment values stop here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.config.durations import DurationError, parse_duration
from console.model.facts import Healthcheck, Mount, PublishedPort, ServiceFacts

HOOK_LABEL = "docker-rollout.pre-stop-hook"
"""The label of the `docker-rollout` plugin; honoured because it means the same."""

FIXED = ("ipv4_address", "ipv6_address", "link_local_ips", "mac_address")
"""Keys of a service's network entry that only one container can have."""

_NAMES = "health|healthz|healthcheck|ready|readyz|live|livez|ping|status|up"
_PROBED = re.compile(
    rf"(?:https?://[^/\s'\"]+|^['\"]?)(?P<path>(?:/(?:api|v[0-9]+|internal|actuator|_|-))*/(?:{_NAMES})\b)"
)
"""A path that a healthcheck's command asks: only well-known names, so that no other argument can show up."""
_ROOT = re.compile(r"https?://[^/\s'\"?#]+/?(?=['\"),;\s]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One Compose project."""

    name: str
    services: Mapping[str, ServiceFacts]
    block: object
    """The `x-rollout` block as it stands, interpolated; None when there is none."""


def read_stack(model: Mapping[str, object]) -> Stack:
    """The typed stack in what `docker compose config --format json` printed."""
    services = _mapping(model.get("services"))
    return Stack(
        name=_text(model.get("name")),
        services={name: _service(name, _mapping(entry)) for name, entry in services.items()},
        block=model.get("x-rollout"),
    )


def _service(name: str, entry: Mapping[str, object]) -> ServiceFacts:
    deploy = _mapping(entry.get("deploy"))
    update = _mapping(deploy.get("update_config"))
    check = _mapping(entry.get("healthcheck"))
    disabled = check.get("disable") is True or check.get("test") == ["NONE"]
    policy = _mapping(deploy.get("restart_policy"))
    networks = {name: _mapping(one) for name, one in _mapping(entry.get("networks")).items()}
    replicas = _integer(deploy.get("replicas"))
    replicas = _integer(entry.get("scale")) if replicas is None else replicas
    return ServiceFacts(
        name=name,
        image=_text(entry.get("image")),
        builds=entry.get("build") is not None,
        profiles=tuple(_text(profile) for profile in _list(entry.get("profiles"))),
        container_name=_text(entry.get("container_name")) or None,
        ports=tuple(_port(_mapping(port)) for port in _list(entry.get("ports"))),
        exposes=tuple(port for entry in _list(entry.get("expose")) if (port := _integer(entry)) is not None),
        healthcheck=_healthcheck(check) if check and not disabled else None,
        healthcheck_disabled=disabled,
        mounts=tuple(_mount(_mapping(mount)) for mount in _list(entry.get("volumes"))),
        networks=frozenset(networks),
        aliases={name: names for name, one in networks.items() if (names := _texts(one.get("aliases")))},
        fixed_on={name: keys for name, one in networks.items() if (keys := tuple(k for k in FIXED if one.get(k)))},
        network_mode=_text(entry.get("network_mode")),
        restart=_text(entry.get("restart")) or _text(policy.get("condition")),
        stop_grace=_duration(entry.get("stop_grace_period")),
        replicas=1 if replicas is None else replicas,
        global_mode=_text(deploy.get("mode")).startswith("global"),
        depends_on={
            other: _text(_mapping(condition).get("condition")) or "service_started"
            for other, condition in _mapping(entry.get("depends_on")).items()
        },
        monitor=_duration(update.get("monitor")),
        max_failure_ratio=_number(update.get("max_failure_ratio")),
        pre_stop_hook=_text(_mapping(entry.get("labels")).get(HOOK_LABEL)) or None,
    )


def _healthcheck(check: Mapping[str, object]) -> Healthcheck:
    default = Healthcheck()
    retries = _integer(check.get("retries"))
    return Healthcheck(
        # Docker reads 0 as "the default" for each of these.
        interval=_duration(check.get("interval")) or default.interval,
        timeout=_duration(check.get("timeout")) or default.timeout,
        start_period=_duration(check.get("start_period")) or default.start_period,
        start_interval=_duration(check.get("start_interval")) or None,
        retries=retries or default.retries,
        path=probed_path(check.get("test")),
    )


def probed_path(test: object) -> str | None:
    """The path that a healthcheck's command asks; None when it shows none that is safe to tell."""
    for word in " ".join(_text(part) for part in _list(test)).split():
        match = _PROBED.search(word)
        if match is not None:
            return match["path"]
        if _ROOT.search(word) is not None:
            return "/"
    return None


def _port(entry: Mapping[str, object]) -> PublishedPort:
    published = _text(entry.get("published"))
    return PublishedPort(
        target=_integer(entry.get("target")) or 0,
        published=int(published) if published.isdecimal() and int(published) > 0 else None,
        host_ip=_text(entry.get("host_ip")),
        protocol=_text(entry.get("protocol")) or "tcp",
    )


def _mount(entry: Mapping[str, object]) -> Mount:
    kind, source = _text(entry.get("type")), _text(entry.get("source"))
    bind = kind == "bind" and bool(source)
    return Mount(
        kind=kind,
        source=source,
        target=_text(entry.get("target")),
        read_only=entry.get("read_only") is True,
        single_file=(not Path(source).is_dir() if os.path.lexists(source) else None) if bind else False,
    )


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(value))


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _duration(value: object) -> float | None:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except DurationError:
        return None
