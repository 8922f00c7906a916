"""Puts a spec together from the layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.config import sections
from console.config.block import Block
from console.config.discovery import Discovered, absolute
from console.config.given import Given, Problems
from console.config.merged import Stack
from console.config.one_shots import one_shots
from console.config.options import Options
from console.config.sections import read
from console.config.services import Roles, read_roles
from console.model.color import Color
from console.model.facts import ServiceFacts
from console.model.spec import ProxySpec, SmokeSpec, Spec

STRATEGIES, LATER_STRATEGIES = ("blue-green",), ("rolling", "canary")
PROXIES, LATER_PROXIES = ("nginx",), ("haproxy", "caddy", "traefik")
MOST_REPLICAS = 1000
GREEN_PROFILE = "green"
"""The profile of a derived twin."""
DEFAULT_GRACE = 10.0
"""Seconds: Compose's own default of `stop_grace_period`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    state: Path
    config: Path
    active_color: Path
    upstream: Path
    given_by: Mapping[str, str]


class SpecBuilder:
    """Decides every value by precedence and notes what is wrong with any."""

    def __init__(
        self, options: Options, environ: Mapping[str, str], problems: Problems, *, smoke_may_miss: bool = False
    ) -> None:
        self._options = options
        self._environ = environ
        self._problems = problems
        self._smoke_may_miss = smoke_may_miss

    def build(self, found: Discovered, stack: Stack | None, block: Block, known: tuple[str, ...] | None) -> Spec | None:
        """The spec; None when a problem makes it impossible."""
        problems = self._problems
        # A block that is missing altogether is one problem, not one for each key.
        roles = read_roles(block, known, problems) if block.filled else None
        services = stack.services if stack is not None else {}
        blue = services.get(roles.services[Color.BLUE]) if roles else None
        image, start = sections.image(block, problems), sections.start(block, problems)
        ready = sections.ready(block, problems)
        port = read(block.get("port"), problems.port, 8000)
        strategy = self._word(block.get("strategy"), STRATEGIES, LATER_STRATEGIES)
        kind = self._word(block.get("proxy", "kind"), PROXIES, LATER_PROXIES)
        control = read(block.get("proxy", "control_port"), problems.port, 9080)
        proxy = services.get(roles.proxy) if roles else None
        smoke = self._smoke(block, proxy, control_port=control, path=ready.path)
        watch, drain = sections.watch(block, blue, problems), sections.drain(block, problems)
        standby, load = sections.standby(block, problems), sections.load(block, smoke.url if smoke else None, problems)
        protected = read(block.get("protected"), problems.boolean, default=False)
        paths = self._paths(found, block)
        replicas, grace = self._replicas(blue), self._grace(blue)
        if roles is None or stack is None or blue is None or smoke is None or problems.found():
            return None
        return Spec(
            project=stack.name,
            directory=found.directory,
            compose_files=found.files,
            pins_in_environment=found.pins_in_environment,
            profiles=_profiles(roles, services),
            state=paths.state,
            active_color_file=paths.active_color,
            upstream_file=paths.upstream,
            paths_given_by=paths.given_by,
            service=roles.service,
            services=roles.services,
            derived_twin=roles.derived_twin,
            images=_images(stack.name, roles, services),
            buildable=_buildable(roles, services),
            one_shots=one_shots(stack.name, roles, services),
            twin_resets=_twin_resets(roles, services),
            replicas=replicas,
            port=port,
            strategy=strategy,
            proxy=ProxySpec(kind=kind, service=roles.proxy, config=paths.config, control_port=control),
            image=image,
            start=start,
            ready=ready,
            smoke=smoke,
            watch=watch,
            drain=drain,
            standby=standby,
            load=load,
            pre_stop_hook=blue.pre_stop_hook,
            stop_grace=grace,
            protected=protected,
        )

    def _word(self, given: Given | None, known: tuple[str, ...], later: tuple[str, ...]) -> str:
        return read(given, lambda found: self._problems.choice(found, known, unavailable=later), known[0])

    def _smoke(self, block: Block, proxy: ServiceFacts | None, *, control_port: int, path: str) -> SmokeSpec | None:
        # A proxy that isn't known is a problem of its own; the URL that it would give is no second one.
        unknown = f"http://127.0.0.1{path}"
        derived = unknown if proxy is None else sections.published_url(proxy, control_port=control_port, path=path)
        if derived is None and self._smoke_may_miss:
            derived = f"http://127.0.0.1:8080{path}"
        return sections.smoke(block, self._options, self._environ, self._problems, default_url=derived)

    def _replicas(self, blue: ServiceFacts | None) -> int:
        if blue is None:
            return 1
        if not 1 <= blue.replicas <= MOST_REPLICAS:
            where = f"services.{blue.name}.deploy.replicas"
            given = Given(value=blue.replicas, where=where)
            self._problems.add(given, f"must be from 1 to {MOST_REPLICAS}, not {blue.replicas}")
        return blue.replicas

    def _grace(self, blue: ServiceFacts | None) -> float:
        if blue is None or blue.stop_grace is None:
            return DEFAULT_GRACE
        if blue.stop_grace < 0:
            given = Given(value=blue.stop_grace, where=f"services.{blue.name}.stop_grace_period")
            self._problems.add(given, f"a duration can't be negative: {blue.stop_grace:g} s")
        return blue.stop_grace

    def _paths(self, found: Discovered, block: Block) -> _Paths:
        here = absolute(self._options.directory or Path.cwd(), Path.cwd())
        given_by = {"state": found.state_given_by} if found.state_given_by else {}
        active, upstream = found.state / "active-color", found.state / "nginx" / "upstream.conf"
        config = self._config(found, block)
        if config is not None:
            upstream = config / "upstream.conf"
        if value := self._environ.get("ROLLOUT_STATE_PATH", "").strip():
            active, given_by["active_color_file"] = absolute(Path(value), here), "ROLLOUT_STATE_PATH"
        if value := self._environ.get("ROLLOUT_UPSTREAM_CONF", "").strip():
            upstream, given_by["upstream_file"] = absolute(Path(value), here), "ROLLOUT_UPSTREAM_CONF"
            if upstream.suffix != ".conf":
                given = Given(value=value, where="ROLLOUT_UPSTREAM_CONF")
                self._problems.add(given, "must end in `.conf`: the proxy includes nothing else")
        return _Paths(
            state=found.state, config=upstream.parent, active_color=active, upstream=upstream, given_by=given_by
        )

    def _config(self, found: Discovered, block: Block) -> Path | None:
        given = block.get("proxy", "config")
        text = None if given is None else self._problems.text(given, what="the path of a directory")
        if given is None or text is None:
            return None
        config = absolute(Path(text), found.directory)
        if config in {found.directory, *found.directory.parents}:
            hint = "give it a directory of its own, for example state/nginx"
            self._problems.add(given, "the engine owns that directory: it can't be the project's own", hint)
            return None
        return config


def _profiles(roles: Roles, services: Mapping[str, ServiceFacts]) -> dict[Color, str | None]:
    profiles = {
        color: services[name].profiles[0] if name in services and services[name].profiles else None
        for color, name in roles.services.items()
    }
    if roles.derived_twin:
        profiles[Color.GREEN] = GREEN_PROFILE
    return profiles


def _images(project: str, roles: Roles, services: Mapping[str, ServiceFacts]) -> dict[Color, str]:
    """What Compose would name each image; a twin that is built has a name of its own, or it would move blue's."""
    images: dict[Color, str] = {}
    for color, name in roles.services.items():
        twin = roles.derived_twin and color is Color.GREEN
        service = services[roles.service if twin else name]
        own = f"{project}-{name}"
        images[color] = own if service.builds and (twin or not service.image) else service.image
    return images


def _buildable(roles: Roles, services: Mapping[str, ServiceFacts]) -> frozenset[Color]:
    return frozenset(
        color
        for color, name in roles.services.items()
        if services[roles.service if roles.derived_twin else name].builds
    )


def _twin_resets(roles: Roles, services: Mapping[str, ServiceFacts]) -> dict[str, tuple[str, ...]]:
    """What the twin would otherwise inherit: a name that also leads to an idle color, an address that exists once."""
    if not roles.derived_twin:
        return {}
    base = services[roles.service]
    keys = {
        name: (*(("aliases",) if base.aliases.get(name) else ()), *base.fixed_on.get(name, ()))
        for name in base.networks
    }
    return {name: found for name, found in sorted(keys.items()) if found}
