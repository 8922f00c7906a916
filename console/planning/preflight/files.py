"""What the Compose files say about the service that is rolled out, and about who starts before whom."""

from __future__ import annotations

from collections.abc import Iterator

from console.model.color import Color
from console.model.facts import HostFacts, ServiceFacts, StaticFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import blocker, hint, ok, warning

RESTARTING = frozenset({"always", "unless-stopped", "on-failure", "any"})


def check(spec: Spec, static: StaticFacts, host: HostFacts) -> Iterator[Finding]:
    """Findings about the services."""
    for service in _own(spec, static):
        where = f"services.{service.name}"
        yield _healthcheck(service, where, host)
        if service.healthcheck is not None:
            yield _start_interval(service, where)
        yield _container_name(service, where, spec)
        yield _ports(service, where, spec)
        yield _network_mode(service, where)
        yield _aliases(service, where, spec)
        yield _restart(service, where)
        if _latest(service):
            yield _latest_tag(service, where)
        if service.global_mode:
            yield hint(
                "service.global-mode",
                f"{where}.deploy.mode",
                "mode `global` is for Swarm",
                why="Compose ignores it and starts one replica",
                fix="write deploy: {replicas: N}",
            )
    yield from _colors_differ(static)
    yield from _proxy(spec, static)


def _own(spec: Spec, static: StaticFacts) -> tuple[ServiceFacts, ...]:
    """The services that the user wrote: a derived twin would only say everything twice."""
    if spec.derived_twin:
        return (static.services[Color.BLUE],)
    return tuple(static.services[color] for color in Color)


def _healthcheck(service: ServiceFacts, where: str, host: HostFacts) -> Finding:
    code, place = "service.healthcheck", f"{where}.healthcheck"
    if service.healthcheck is not None:
        return ok(code, place, f"`{service.name}` has a healthcheck")
    if host.image_has_healthcheck and not service.healthcheck_disabled:
        return ok(code, place, f"the image of `{service.name}` brings a healthcheck")
    found = "the healthcheck is disabled" if service.healthcheck_disabled else "there is no healthcheck"
    return blocker(
        code,
        place,
        found,
        why="Docker can't tell a replica that serves from one that hangs, and nothing waits until it serves",
        fix="add healthcheck: {test: [CMD, ...], interval: 5s, timeout: 2s, retries: 3, start_interval: 250ms}",
    )


def _start_interval(service: ServiceFacts, where: str) -> Finding:
    code, place = "service.start-interval", f"{where}.healthcheck.start_interval"
    check = service.healthcheck
    if check is not None and check.start_interval is not None:
        if check.start_period > 0:
            return ok(code, place, "health is asked often while a replica starts")
        return hint(
            code,
            place,
            "`start_interval` is set, `start_period` is not",
            why="Docker uses `start_interval` only within the start period, which is 0 by default",
            fix="add start_period: 60s",
        )
    return hint(
        code,
        place,
        "`start_interval` is not set",
        why="Docker calls a replica that is ready healthy only at its next tick, up to `interval` later",
        fix="add start_period: 60s and start_interval: 250ms (Docker Engine 25 or later)",
    )


def _container_name(service: ServiceFacts, where: str, spec: Spec) -> Finding:
    code, place = "service.container-name", f"{where}.container_name"
    if service.container_name is None:
        return ok(code, place, f"`{service.name}` has no fixed container name")
    many = spec.derived_twin or spec.replicas > 1
    return blocker(
        code,
        place,
        f"`container_name: {service.container_name}` is fixed",
        why="a name exists once on a machine: "
        + ("two replicas can't run side by side" if many else "a second checkout or replica of the stack can't run"),
        fix="remove container_name; `docker compose ps` and `rollout status` show the replicas",
    )


def _ports(service: ServiceFacts, where: str, spec: Spec) -> Finding:
    code, place = "service.ports", f"{where}.ports"
    if not service.ports:
        return ok(code, place, f"`{service.name}` publishes no port")
    port = service.ports[0]
    shown = f"{port.published}:{port.target}" if port.published else str(port.target)
    return blocker(
        code,
        place,
        f"`{service.name}` publishes a port ({shown})",
        why="clients of that port go past the proxy, so no cutover moves them; and only one replica can have it",
        fix=f'move the port to `{spec.proxy.service}`, for example to ports: ["{port.published or 8080}:80"]',
    )


def _network_mode(service: ServiceFacts, where: str) -> Finding:
    code, place = "service.network-mode", f"{where}.network_mode"
    if service.network_mode in {"", "bridge", "default"}:
        return ok(code, place, f"`{service.name}` has a network of its own")
    return blocker(
        code,
        place,
        f"`network_mode: {service.network_mode}`",
        why="both colors would listen on the same address and port, and the proxy has no name for either",
        fix="remove network_mode, and give the service and the proxy a common network",
    )


def _aliases(service: ServiceFacts, where: str, spec: Spec) -> Finding:
    code, place = "service.network-aliases", f"{where}.networks"
    aliases = ", ".join(sorted({alias for names in service.aliases.values() for alias in names}))
    if not aliases:
        return ok(code, place, f"`{service.name}` has no further names on its networks")
    return warning(
        code,
        place,
        f"`{service.name}` has network aliases: {aliases}",
        why="clients of such a name go past the proxy to whichever containers have it, verified or idle, and no "
        "cutover moves them (a derived twin does not get it, so there it stays with blue)",
        fix=f"give the aliases to `{spec.proxy.service}`",
    )


def _restart(service: ServiceFacts, where: str) -> Finding:
    code, place = "service.restart", f"{where}.restart"
    if service.restart.partition(":")[0] in RESTARTING:
        return ok(code, place, f"`{service.name}` comes back after a crash")
    return warning(
        code,
        place,
        f"`{service.name}` has no restart policy"
        if service.restart in {"", "no", "none"}
        else "unknown restart policy",
        why="after a crash or a reboot of the machine it stays down, and the proxy answers 502",
        fix="add restart: unless-stopped",
    )


def _latest(service: ServiceFacts) -> bool:
    name = service.image.rpartition("/")[2]
    return bool(name) and not service.builds and "@" not in name and (":" not in name or name.endswith(":latest"))


def _latest_tag(service: ServiceFacts, where: str) -> Finding:
    return hint(
        "service.image-tag",
        f"{where}.image",
        f"the image has the tag `latest`: {service.image}",
        why="the tag moves, so that the name does not say what runs; rollouts pin image ids, other tools don't",
        fix="give releases tags of their own, and deploy them with: rollout deploy --image NAME:TAG",
    )


def _colors_differ(static: StaticFacts) -> Iterator[Finding]:
    blue, green = static.services[Color.BLUE], static.services[Color.GREEN]
    pairs = {
        "deploy.replicas": (blue.replicas, green.replicas),
        "stop_grace_period": (blue.stop_grace, green.stop_grace),
        "networks": (sorted(blue.networks), sorted(green.networks)),
        "volumes": ([m.target for m in blue.mounts], [m.target for m in green.mounts]),
    }
    different = [key for key, (one, other) in pairs.items() if one != other]
    code, where = "colors.alike", f"services.{green.name}"
    if not different:
        yield ok(code, where, f"`{blue.name}` and `{green.name}` are alike")
        return
    yield warning(
        code,
        where,
        f"`{blue.name}` and `{green.name}` differ in {', '.join(different)}",
        why="what was true of one color is not true of the other: every second rollout behaves differently",
        fix="share one definition by a YAML anchor or `extends`",
    )


def _proxy(spec: Spec, static: StaticFacts) -> Iterator[Finding]:
    proxy = static.proxy
    where = f"services.{proxy.name}"
    condition = proxy.depends_on.get(static.services[Color.BLUE].name)
    if condition == "service_healthy":
        yield ok("proxy.depends-on", f"{where}.depends_on", "the proxy waits until the service is healthy")
    else:
        yield warning(
            "proxy.depends-on",
            f"{where}.depends_on",
            f"`{proxy.name}` does not wait until `{spec.services[Color.BLUE]}` is healthy",
            why="a first `docker compose up` opens the proxy's port before anything answers behind it: 502",
            fix=f"add depends_on: {{{spec.services[Color.BLUE]}: {{condition: service_healthy}}}}",
        )
    if static.services[Color.GREEN].name in proxy.depends_on:
        yield warning(
            "proxy.depends-on-green",
            f"{where}.depends_on",
            f"`{proxy.name}` depends on `{spec.services[Color.GREEN]}`",
            why="starting the proxy would start green, or fail while green is not there",
            fix="depend on the blue service alone",
        )
    yield _restart(proxy, where)
