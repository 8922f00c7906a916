"""`rollout init`: what a stack needs to be rolled out. Nothing here touches a file of the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.config.block import NAME, Block
from console.config.discovery import PINS
from console.config.dotenv import read_dotenv
from console.config.given import Problems
from console.config.init_env import merge_env
from console.config.init_guess import PROXY_NAME, guess_block, guess_proxy, guess_service, with_proxy
from console.config.init_nginx import SEED_COLOR, control_listener, seed_upstream
from console.config.init_text import Have, init_text
from console.config.load import load, read_sources
from console.config.options import Options
from console.config.spec_builder import SpecBuilder
from console.config.start import start
from console.config.static import gather_static
from console.model.errors import ConfigError, Problem
from console.model.facts import StaticFacts
from console.model.spec import Spec

CONTROL = "control.conf"
"""The control listener's file among the generated ones."""
MOST_FILES = 100
"""Configuration files that are looked at in each mount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A stack as it is, or as it would be with the block that `init` proposes."""

    spec: Spec
    static: StaticFacts
    has_block: bool
    """Whether the Compose files have an `x-rollout` block already."""
    has_proxy: bool
    """Whether they have a proxy."""


def draft(options: Options, environ: Mapping[str, str]) -> Draft:
    """The stack that the options mean; without an `x-rollout` block, with a guessed one.

    Raises:
        ConfigError: the files can't be read, the block is wrong, or there is no service to roll out.
    """
    problems = Problems()
    with start(options, environ) as started:
        sources = read_sources(started, options, environ, problems)
    if any(document.node(NAME) is not None for document in sources.documents):
        loaded = load(options, environ)
        return Draft(spec=loaded.spec, static=loaded.static, has_block=True, has_proxy=True)
    stack = sources.stack
    if stack is None:
        raise ConfigError(problems.found())
    proxy = guess_proxy(stack)
    service = guess_service(stack, proxy)
    if service is None:
        problem = Problem(
            where="services", message="there is no service to roll out", hint="add your app to `services`"
        )
        raise ConfigError((problem,))
    if proxy is None:
        stack = with_proxy(stack, service)
    facts = stack.services[PROXY_NAME] if proxy is None else proxy
    block = Block(guess_block(stack, service, facts), (), problems, interpolated=True)
    builder = SpecBuilder(options, environ, problems, smoke_may_miss=True)
    spec = builder.build(sources.found, stack, block, tuple(stack.services))
    if spec is None:
        raise ConfigError(problems.found())
    return Draft(spec=spec, static=gather_static(spec, stack), has_block=False, has_proxy=proxy is not None)


def text(stack: Draft) -> str:
    """What the user has to add to the stack, to be pasted; what its files show to be there is left out."""
    return init_text(stack.spec, stack.static, have=_have(stack))


def generated_parts(stack: Draft) -> dict[Path, str]:
    """The files that the engine owns and that are still missing, with their content.

    What is there already is left out: an upstream file or a record of who serves must never be reset.
    """
    spec, parts = stack.spec, dict[Path, str]()
    if not spec.upstream_file.exists() and not spec.active_color_file.exists():
        parts[spec.upstream_file] = seed_upstream(spec)
        parts[spec.active_color_file] = f"{SEED_COLOR.value}\n"
    control = spec.proxy.config / CONTROL
    if not _have(stack).control:
        parts[control] = "# Written by rollout, once.\n" + control_listener(spec)
    pins = spec.state / PINS
    if not spec.derived_twin and not pins.exists():
        # Compose refuses a COMPOSE_FILE that names a missing file. A derived twin's override is the runtime's to write.
        parts[pins] = "# Written by rollout; it is written again at every deploy, so edits get lost.\nservices: {}\n"
    return parts


def env_file(spec: Spec, environ: Mapping[str, str]) -> tuple[Path, str]:
    """The project's `.env`, and what it should contain so that a plain `docker compose` sees the generated pins."""
    path = spec.directory / ".env"
    return path, merge_env(read_dotenv(path), spec, environ)


def _have(stack: Draft) -> Have:
    spec, found = stack.spec, _nginx_text(stack.static)
    target = re.escape(str(spec.proxy.target or "/etc/rollout"))
    return Have(
        block=stack.has_block,
        proxy=stack.has_proxy,
        include=re.search(rf"\binclude\s+{target}/[^;]*;", found) is not None,
        location=re.search(r"\b(?:proxy|grpc)_pass\s+\w+://\$\{?rollout_upstream\b", found) is not None,
        shutdown=re.search(r"\bworker_shutdown_timeout\s", found) is not None,
        control=(spec.proxy.config / CONTROL).exists()
        or re.search(rf"\blisten\s+(?:\S+:)?{spec.proxy.control_port}\b", found) is not None,
    )


def _nginx_text(static: StaticFacts) -> str:
    """The configuration files that the proxy mounts, without comments. Unreadable ones show nothing."""
    texts: list[str] = []
    for mount in static.proxy.mounts:
        source = Path(mount.source)
        if mount.kind != "bind" or mount is static.config_mount:
            continue
        for file in [source] if mount.single_file else sorted(source.rglob("*.conf"))[:MOST_FILES]:
            try:
                texts.append(re.sub(r"(?m)^\s*#.*$", "", file.read_text("utf-8")))
            except (OSError, UnicodeDecodeError):
                continue
    return "\n".join(texts)
