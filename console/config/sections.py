"""The sections of the `x-rollout` block that stand for themselves: readiness, smoke, watch, drain, standby, load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from console.config.block import Block
from console.config.durations import parse_duration
from console.config.given import Given, Problems
from console.config.options import Options
from console.model.facts import PublishedPort, ServiceFacts
from console.model.spec import (
    DrainSpec,
    ImageSpec,
    Inconclusive,
    LoadSpec,
    ReadySpec,
    SmokeSpec,
    StandbySpec,
    StartSpec,
    WatchSpec,
)

T = TypeVar("T")

SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 0.1, 60.0
LONGEST_DELAY = 30.0
MOST_ATTEMPTS = 1000
LONGEST_WAIT = parse_duration("24h")
HIGHEST_RATE = 100_000.0
HTTPS_PORTS = frozenset({443, 8443})


def read(given: Given | None, parse: Callable[[Given], T | None], default: T) -> T:
    """The parsed value, or the default when it is absent or refused."""
    parsed = None if given is None else parse(given)
    return default if parsed is None else parsed


def image(block: Block, problems: Problems) -> ImageSpec:
    """`image`."""
    return ImageSpec(deadline=_wait(block.get("image", "deadline"), problems, ImageSpec().deadline, low=1.0))


def start(block: Block, problems: Problems) -> StartSpec:
    """`start`."""
    return StartSpec(deadline=_wait(block.get("start", "deadline"), problems, StartSpec().deadline, low=1.0))


def ready(block: Block, problems: Problems) -> ReadySpec:
    """`ready`."""
    default = ReadySpec()
    return ReadySpec(
        path=read(block.get("ready", "path"), problems.path, default.path),
        successes=read(
            block.get("ready", "successes"), lambda given: problems.integer(given, low=1, high=100), default.successes
        ),
        deadline=_wait(block.get("ready", "deadline"), problems, default.deadline, low=0.1),
    )


def smoke(
    block: Block, options: Options, environ: Mapping[str, str], problems: Problems, *, default_url: str | None
) -> SmokeSpec | None:
    """`smoke` with its flags and environment variables; None when there is no URL to ask."""
    default = SmokeSpec(url="")

    def pick(name: str, flag: str | None) -> Given | None:
        if flag is not None:
            return Given(value=flag, where=f"--smoke-{name}", bare_seconds=True)
        variable = f"ROLLOUT_SMOKE_{name.upper()}"
        if value := environ.get(variable, "").strip():
            return Given(value=value, where=variable, bare_seconds=True)
        return block.get("smoke", name)

    given = pick("url", options.smoke_url)
    url = default_url if given is None else problems.url(given)
    if given is None and url is None:
        problems.add(
            block.here("smoke", "url"),
            "is missing, and can't be derived: the proxy publishes no fixed port",
            'publish the proxy\'s port (ports: ["8080:80"]), or give smoke.url',
        )
    status = pick("status", options.smoke_status)
    attempts = pick("attempts", options.smoke_attempts)
    timeout = pick("timeout", options.smoke_timeout)
    delay = pick("delay", options.smoke_delay)
    rest = SmokeSpec(
        url=url or "",
        status=read(status, lambda g: problems.integer(g, low=100, high=599), default.status),
        attempts=read(attempts, lambda g: problems.integer(g, low=1, high=MOST_ATTEMPTS, clamp=True), default.attempts),
        timeout=read(
            timeout,
            lambda g: problems.duration(g, low=SHORTEST_TIMEOUT, high=LONGEST_TIMEOUT, clamp=True),
            default.timeout,
        ),
        delay=read(delay, lambda g: problems.duration(g, high=LONGEST_DELAY, clamp=True), default.delay),
    )
    return rest if url else None


def watch(block: Block, service: ServiceFacts | None, problems: Problems) -> WatchSpec:
    """`watch`; below it the service's own `deploy.update_config`, whose two keys mean the same.

    `deploy.rollback_config` is left alone: it says how a rollback is judged, and one measure judges both here.
    """
    default = WatchSpec()
    window, ratio = default.window, default.max_failure_ratio
    if service is not None:
        update = f"services.{service.name}.deploy.update_config"
        monitor = Given(value=service.monitor, where=f"{update}.monitor")
        window = _inherited(monitor, window, problems, high=LONGEST_WAIT)
        highest = Given(value=service.max_failure_ratio, where=f"{update}.max_failure_ratio")
        ratio = _inherited(highest, ratio, problems, high=1.0)
    word = read(
        block.get("watch", "inconclusive"),
        lambda given: problems.choice(given, tuple(Inconclusive)),
        default.inconclusive.value,
    )
    return WatchSpec(
        window=_wait(block.get("watch", "window"), problems, window),
        max_failure_ratio=read(
            block.get("watch", "max_failure_ratio"), lambda given: problems.number(given, low=0, high=1), ratio
        ),
        min_requests=read(
            block.get("watch", "min_requests"),
            lambda given: problems.integer(given, low=0, high=1_000_000_000),
            default.min_requests,
        ),
        inconclusive=Inconclusive(word),
    )


def drain(block: Block, problems: Problems) -> DrainSpec:
    """`drain`."""
    return DrainSpec(deadline=_wait(block.get("drain", "deadline"), problems, DrainSpec().deadline))


def standby(block: Block, problems: Problems) -> StandbySpec:
    """`standby`."""
    return StandbySpec(keep=read(block.get("standby", "keep"), problems.duration, StandbySpec().keep))


def load(block: Block, smoke_url: str | None, problems: Problems) -> LoadSpec | None:
    """`load`; None without the section. Its URL is by default the root of what the smoke request asks."""
    if not block.has("load"):
        return None
    root = urlsplit(smoke_url)._replace(path="/", query="").geturl() if smoke_url else ""
    return LoadSpec(
        url=read(block.get("load", "url"), problems.url, root),
        rate=read(
            block.get("load", "rate"),
            lambda given: problems.number(given, low=0.01, high=HIGHEST_RATE),
            LoadSpec(url="").rate,
        ),
    )


def published_url(proxy: ServiceFacts, *, control_port: int, path: str) -> str | None:
    """The proxy's address on this machine: the published port of its port 80, or the first one published."""
    ports = [
        port
        for port in proxy.ports
        if port.protocol == "tcp" and port.published is not None and port.target != control_port
    ]
    chosen = next((port for port in ports if port.target == 80), ports[0] if ports else None)  # noqa: PLR2004 - HTTP
    return None if chosen is None else f"{_scheme(chosen)}://{_host(chosen)}:{chosen.published}{path}"


def _scheme(port: PublishedPort) -> str:
    return "https" if port.target in HTTPS_PORTS else "http"


def _host(port: PublishedPort) -> str:
    host = port.host_ip.strip("[]")
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _wait(given: Given | None, problems: Problems, default: float, *, low: float = 0.0) -> float:
    return read(given, lambda found: problems.duration(found, low=low, high=LONGEST_WAIT), default)


def _inherited(given: Given, default: float, problems: Problems, *, high: float) -> float:
    if given.value is None:
        return default
    return read(given, lambda found: problems.number(found, low=0, high=high), default)
