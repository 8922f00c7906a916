"""What a stack without an `x-rollout` block probably wants, guessed from its services' names, images and ports."""

from __future__ import annotations

import re
from collections.abc import Mapping

from console.config.merged import Stack
from console.config.services import TWIN_SUFFIX
from console.model.facts import PublishedPort, ServiceFacts

PROXY_NAME = "proxy"
"""The service that `init` proposes to add where there is no proxy yet."""
PROXY_IMAGE = "nginx:1.30"

_PROXY_IMAGES = re.compile(r"(?:nginx|openresty|angie)\b")
_PROXY_NAMES = re.compile(r"(?:proxy|nginx|gateway|ingress|edge|lb|load-?balancer|reverse[-_]?proxy)")
_STORES = re.compile(
    r"(?:postgres|postgis|mysql|mariadb|redis|valkey|mongo|rabbitmq|memcached|kafka|zookeeper|elasticsearch|opensearch|"
    r"minio|clickhouse|influxdb|nats|etcd|consul|vault|mailhog|mailpit|adminer|pgadmin|prometheus|grafana)"
)
_STORE_NAMES = re.compile(r"(?:db|database|cache|queue|broker|storage|search)(?:[-_].*)?")
_COMPLETED = "service_completed_successfully"


def guess_proxy(stack: Stack) -> ServiceFacts | None:
    """The service that looks like the reverse proxy; None when none does."""
    services = list(stack.services.values())
    by_image = [service for service in services if _PROXY_IMAGES.match(_image(service))]
    by_name = [service for service in services if _PROXY_NAMES.fullmatch(service.name.lower())]
    # What is built here and published is the app itself, whatever it depends on.
    in_front = [s for s in services if s.ports and s.depends_on and not s.builds and not _store(s)]
    ranked = [*(service for service in by_image if service.ports), *by_image, *by_name]
    # A published service in front of an unpublished one is a proxy only if there is something left to roll out.
    one_shots = _one_shots(stack)
    ranked += [s for s in in_front if any(_serves(stack.services.get(n)) for n in s.depends_on if n not in one_shots)]
    return ranked[0] if ranked else None


def guess_service(stack: Stack, proxy: ServiceFacts | None) -> ServiceFacts | None:
    """The service to roll out: what the proxy waits for, else what is built, published or checked.

    Never a store, and never a one-shot.
    """
    one_shots = _one_shots(stack)
    behind = tuple(proxy.depends_on) if proxy is not None else ()
    candidates = [
        service
        for service in stack.services.values()
        if (proxy is None or service.name != proxy.name)
        and not _store(service)
        and service.name not in one_shots
        and not (service.name.endswith(TWIN_SUFFIX) and service.name.removesuffix(TWIN_SUFFIX) in stack.services)
    ]
    candidates.sort(
        key=lambda s: (s.name not in behind, not s.builds, not s.ports, not s.exposes, s.healthcheck is None)
    )
    return candidates[0] if candidates else None


def with_proxy(stack: Stack, service: ServiceFacts) -> Stack:
    """The stack as it is once the proposed proxy is added to it, with the port that the service publishes now."""
    published = next((port.published for port in service.ports if port.published is not None), None) or 8080
    proxy = ServiceFacts(
        name=PROXY_NAME,
        image=PROXY_IMAGE,
        ports=(PublishedPort(target=80, published=published),),
        networks=service.networks,
        depends_on={service.name: "service_healthy"},
    )
    return Stack(name=stack.name, services={**stack.services, PROXY_NAME: proxy}, block=None)


def guess_block(stack: Stack, service: ServiceFacts, proxy: ServiceFacts) -> Mapping[str, object]:
    """An `x-rollout` block as plain data."""
    ports = [port.target for port in service.ports] + list(service.exposes)
    block: dict[str, object] = {
        "service": service.name,
        "port": ports[0] if ports else 8000,
        "proxy": {"kind": "nginx", "service": proxy.name, "config": "state/nginx"},
    }
    if service.healthcheck is not None and service.healthcheck.path is not None:
        block["ready"] = {"path": service.healthcheck.path}
    twin = service.name + TWIN_SUFFIX
    if twin in stack.services:
        block["colors"] = {"blue": service.name, "green": twin}
    return block


def _image(service: ServiceFacts) -> str:
    return service.image.rpartition("/")[2].partition("@")[0].partition(":")[0].lower()


def _store(service: ServiceFacts) -> bool:
    if _STORES.match(_image(service)) is not None:
        return True
    return not service.builds and _STORE_NAMES.fullmatch(service.name.lower()) is not None


def _one_shots(stack: Stack) -> frozenset[str]:
    """Services that others wait for to end: migrations and the like."""
    every = stack.services.values()
    return frozenset(name for s in every for name, condition in s.depends_on.items() if condition == _COMPLETED)


def _serves(service: ServiceFacts | None) -> bool:
    return service is not None and not service.ports and not _store(service)
