"""The text that `rollout init` prints, part by part, to be pasted. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from console.config.durations import format_duration
from console.config.init_env import env_line
from console.config.init_guess import PROXY_IMAGE
from console.config.init_nginx import http_level, location_level, mount_line, top_level, whole_configuration
from console.model.color import Color
from console.model.facts import StaticFacts
from console.model.spec import Spec

DEFAULT_CONTROL_PORT = 9080


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """What a stack has already, as far as its files show."""

    block: bool = False
    proxy: bool = True
    include: bool = False
    location: bool = False
    shutdown: bool = False
    control: bool = False


def init_text(spec: Spec, static: StaticFacts | None = None, *, have: Have | None = None) -> str:
    """Everything that belongs into the user's own files; parts that are there already are left out.

    Args:
        spec: the stack, or what `init` guessed of it.
        static: what the Compose files say; None prints every part.
        have: the parts that need not be printed.
    """
    have = have or Have()
    parts = [
        None if have.block else ("Compose file, top level: the block that rollout reads", block_text(spec)),
        _service_part(spec, static),
        _proxy_part(spec, static) if have.proxy else ("Compose file, `services`: the proxy", _new_proxy(spec, static)),
        *_routing(spec, have),
        None
        if have.shutdown or not have.proxy
        else ("nginx.conf, top level: how long old workers may finish", top_level(spec)),
        None
        if spec.pins_in_environment
        else (
            ".env: a plain `docker compose up` then sees the pins, too (rollout init --write-env)",
            env_line(spec) + "\n",
        ),
    ]
    shown = [part for part in parts if part is not None]
    texts = [f"# {number}. {title}\n{text}" for number, (title, text) in enumerate(shown, start=1)]
    return "\n".join([*texts, _after(have)])


def _after(have: Have) -> str:
    control = "the control listener, by which the console sees what is served, and the first upstream"
    made = "" if have.control else f"# `rollout init --write` makes {control}.\n"
    return f"{made}# Then: rollout check, rollout up, rollout deploy\n"


def block_text(spec: Spec) -> str:
    """The `x-rollout` block of a spec, as YAML."""
    config = spec.proxy.config
    shown = config.relative_to(spec.directory) if config.is_relative_to(spec.directory) else config
    control = {} if spec.proxy.control_port == DEFAULT_CONTROL_PORT else {"control_port": spec.proxy.control_port}
    smoke, watch, ready = spec.smoke, spec.watch, spec.ready
    lines = ["x-rollout:", f"  service: {spec.service}"]
    if not spec.derived_twin:
        blue, green = spec.services[Color.BLUE], spec.services[Color.GREEN]
        lines.append(f"  colors: {{blue: {blue}, green: {green}}}")
    lines += [f"  port: {spec.port}", f"  strategy: {spec.strategy}"]
    lines.append(
        _flow("proxy", kind=spec.proxy.kind, service=spec.proxy.service, config=_quoted(str(shown)), **control)
    )
    # The path must answer 2xx once a replica can serve, and not before.
    lines.append(
        _flow("ready", path=_quoted(ready.path), successes=ready.successes, deadline=format_duration(ready.deadline))
    )
    lines.append("  # Better a page that users see: a release may be healthy, and answer 500 there.")
    lines.append(
        _flow(
            "smoke",
            url=_quoted(smoke.url),
            status=smoke.status,
            attempts=smoke.attempts,
            timeout=format_duration(smoke.timeout),
            delay=format_duration(smoke.delay),
        )
    )
    lines.append(
        _flow(
            "watch",
            window=format_duration(watch.window),
            max_failure_ratio=watch.max_failure_ratio,
            min_requests=watch.min_requests,
            inconclusive=watch.inconclusive.value,
        )
    )
    lines.append(_flow("drain", deadline=format_duration(spec.drain.deadline)))
    lines.append(_flow("standby", keep=format_duration(spec.standby.keep)))
    if spec.load is not None:
        lines.append(_flow("load", url=_quoted(spec.load.url), rate=f"{spec.load.rate:g}"))
    if spec.protected:
        lines.append("  protected: true")
    return "\n".join(lines) + "\n"


def _routing(spec: Spec, have: Have) -> list[tuple[str, str] | None]:
    if not have.proxy:
        return [("nginx/nginx.conf, a new file of your own: all that the proxy needs", whole_configuration(spec))]
    title = "nginx, http level (conf.d/*.conf): what a cutover changes, and who serves without it"
    return [
        None if have.include else (title, http_level(spec)),
        None
        if have.location
        else ("nginx, in every `location` that serves users, instead of its own proxy_pass", location_level()),
    ]


def _service_part(spec: Spec, static: StaticFacts | None) -> tuple[str, str] | None:
    facts = static.services[Color.BLUE] if static is not None else None
    grace = format_duration(spec.drain.deadline + 10)
    add: list[str] = []
    remove: list[str] = []
    if facts is not None:
        remove += ["    ports       # the proxy publishes them now\n"] if facts.ports else []
        remove += ["    container_name   # a name exists once, and there will be two\n"] if facts.container_name else []
    if facts is None or (facts.healthcheck is None and not facts.healthcheck_disabled):
        add.append(
            "    healthcheck:   # any command of the image that succeeds once the app answers; slim ones have no curl\n"
            f'      test: [CMD, curl, -fsS, "http://127.0.0.1:{spec.port}{spec.ready.path}"]\n'
            "      interval: 5s\n      timeout: 2s\n      retries: 3\n"
            "      start_period: 60s\n      start_interval: 250ms\n"
        )
    if facts is None or facts.restart in {"", "no"}:
        add.append("    restart: unless-stopped\n")
    if spec.stop_grace < spec.drain.deadline:
        add.append(f"    stop_grace_period: {grace}   # longer than the drain deadline\n")
    if not add and not remove:
        return None
    text = f"  {spec.service}:\n" + "".join(add)
    if remove:
        text += "# and remove from it:\n" + "".join(f"#{line}" for line in remove)
    return f"Compose file, `services`: add to `{spec.service}`", text


def _proxy_part(spec: Spec, static: StaticFacts | None) -> tuple[str, str] | None:
    facts = static.proxy if static is not None else None
    port, blue = spec.proxy.control_port, spec.services[Color.BLUE]
    text = ""
    if facts is None or facts.depends_on.get(blue) != "service_healthy":
        text += f"    depends_on:\n      {blue}: {{condition: service_healthy}}\n"
    if facts is None or not any(entry.target == port for entry in facts.ports):
        text += f'    ports:\n      - "127.0.0.1:{port}:{port}"   # the control listener, for this machine alone\n'
    if static is None or static.config_mount is None:
        text += f"    volumes:\n      - {mount_line(spec)}\n"
    if facts is None or facts.restart in {"", "no"}:
        text += "    restart: unless-stopped\n"
    if not text:
        return None
    return f"Compose file, `services`: add to `{spec.proxy.service}`", f"  {spec.proxy.service}:\n{text}"


def _new_proxy(spec: Spec, static: StaticFacts | None) -> str:
    facts = static.proxy if static is not None else None
    published = facts.ports[0].published if facts is not None and facts.ports else 8080
    networks = ", ".join(sorted(facts.networks - {"default"})) if facts is not None else ""
    port, grace = spec.proxy.control_port, format_duration(spec.drain.deadline + 10)
    lines = [
        f"  {spec.proxy.service}:",
        f"    image: {PROXY_IMAGE}",
        "    depends_on:",
        f"      {spec.services[Color.BLUE]}: {{condition: service_healthy}}",
        "    ports:",
        f'      - "{published}:80"',
        f'      - "127.0.0.1:{port}:{port}"   # the control listener, for this machine alone',
        "    volumes:",
        "      - ./nginx:/etc/nginx:ro   # the directory of the file below",
        f"      - {mount_line(spec)}",
        "    restart: unless-stopped",
        "    stop_signal: SIGQUIT",
        f"    stop_grace_period: {grace}",
        *([f"    networks: [{networks}]"] if networks else []),
    ]
    return "\n".join(lines) + "\n"


def _flow(key: str, **values: object) -> str:
    return f"  {key}: {{{', '.join(f'{name}: {value}' for name, value in values.items())}}}"


def _quoted(text: str) -> str:
    plain = all(character.isalnum() or character in "/._-" for character in text)
    return text if plain and text else '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$") + '"'
