"""Which Compose services a rollout acts on: the two colors and the proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from console.config.block import Block
from console.config.given import Given, Problems, did_you_mean
from console.model.color import Color

TWIN_SUFFIX = "_green"
"""What the name of a derived green service ends with."""

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The services by what they do."""

    service: str
    services: Mapping[Color, str]
    derived_twin: bool
    proxy: str


def read_roles(block: Block, known: tuple[str, ...] | None, problems: Problems) -> Roles | None:
    """The services that the block names.

    Args:
        block: the `x-rollout` block.
        known: every service of the stack; None when that can't be known.
        problems: takes what is wrong.

    Returns:
        None when a name is missing or wrong; the problems say which.
    """
    colors = _colors(block, known, problems)
    service = _service(block, colors, known, problems)
    given = block.get("proxy", "service")
    if given is None:
        given = Given(value="proxy", where="x-rollout.proxy.service", place=block.here("proxy").place)
    proxy = _existing(given, known, problems)
    if service is None or proxy is None or (colors is None and block.has("colors")):
        return None
    derived = colors is None
    if colors is None:
        colors = {Color.BLUE: service, Color.GREEN: service + TWIN_SUFFIX}
        if known is not None and colors[Color.GREEN] in known:
            _clash(block, colors, problems)
            return None
    if proxy in colors.values():
        problems.add(given, f"`{proxy}` is a color itself; the proxy stands before both")
        return None
    return Roles(service=service, services=colors, derived_twin=derived, proxy=proxy)


def _colors(block: Block, known: tuple[str, ...] | None, problems: Problems) -> dict[Color, str] | None:
    if not block.has("colors"):
        return None
    names: dict[Color, str] = {}
    for color in Color:
        given = block.get("colors", color.value)
        if given is None:
            problems.add(
                block.here("colors", color.value),
                "is missing: `colors` names both services",
                "or leave `colors` out, and the green service is derived from `service`",
            )
        elif (name := _existing(given, known, problems)) is not None:
            names[color] = name
    if len(names) < len(Color):
        return None
    if names[Color.BLUE] == names[Color.GREEN]:
        problems.add(
            block.here("colors"),
            f"both colors are the service `{names[Color.BLUE]}`",
            "name two services, or leave `colors` out, and the green service is derived",
        )
        return None
    return names


def _service(
    block: Block, colors: Mapping[Color, str] | None, known: tuple[str, ...] | None, problems: Problems
) -> str | None:
    given = block.get("service")
    if given is None:
        if colors is None and not block.has("colors"):
            hint = f"one of {', '.join(known)}" if known else "name the service to roll out"
            problems.add(block.here("service"), "is missing", hint)
        return None if colors is None else colors[Color.BLUE]
    name = _existing(given, known, problems)
    if name is not None and colors is not None and name not in colors.values():
        hint = f"leave `service` out, or make it `{colors[Color.BLUE]}`"
        problems.add(given, f"{given.shown()} is none of the two colors", hint)
        return None
    return name


def _existing(given: Given, known: tuple[str, ...] | None, problems: Problems) -> str | None:
    name = problems.text(given, what="the name of a service")
    if name is None:
        return None
    if known is not None and name not in known:
        hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "")
        problems.add(given, f"there is no service {given.shown()} in the Compose files", hint)
        return None
    if _HOST_NAME.fullmatch(name) is None:
        # It becomes a host name in the proxy's configuration.
        problems.add(given, f"{given.shown()} can't be a host name, by which the proxy would reach it")
        return None
    return name


def _clash(block: Block, colors: Mapping[Color, str], problems: Problems) -> None:
    blue, green = colors[Color.BLUE], colors[Color.GREEN]
    problems.add(
        block.here("colors"),
        f"the green twin of `{blue}` would be `{green}`, and there is a service of that name",
        f"if it is the green color, say so: colors: {{blue: {blue}, green: {green}}}",
    )
