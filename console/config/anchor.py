"""State follows the stack: whichever checkout starts a rollout, one stack has one lock, one journal, one upstream.

The running proxy's mount says which checkout brought the stack up. A rollout that is started from another one works on
that checkout's state.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from console.config.discovery import STATE
from console.model.errors import ConfigError, Problem
from console.model.spec import Spec


def anchor(spec: Spec, mounted: Path | None) -> Spec:
    """The spec with the paths of the checkout that the running proxy belongs to.

    Args:
        spec: as it was loaded from some checkout.
        mounted: the host path that the running proxy container mounts where it sees the generated files; None when
            there is no such container, and then the spec is right as it is.

    Raises:
        ConfigError: a flag or variable names another place, or the mount is in no checkout of this layout.
    """
    if mounted is None:
        return spec
    if _same(mounted, spec.proxy.config):
        # A state directory of another place would have a lock and a journal of its own: two rollouts at once.
        if (named := spec.paths_given_by.get("state")) and not _within(mounted, spec.state):
            raise _refused(named, spec.state, spec.directory / STATE)
        return spec
    if named := spec.paths_given_by.get("upstream_file"):
        raise _refused(named, spec.upstream_file, mounted / spec.upstream_file.name)
    root = _root(spec, mounted)
    state = root / (STATE if "state" in spec.paths_given_by else _relative(spec, spec.state))
    active = state / "active-color"
    for name, path, here in (("state", state, spec.state), ("active_color_file", active, spec.active_color_file)):
        if (named := spec.paths_given_by.get(name)) and not _same(path, here):
            raise _refused(named, here, path)
    return replace(
        spec,
        state=state,
        active_color_file=active,
        upstream_file=mounted / spec.upstream_file.name,
        proxy=replace(spec.proxy, config=mounted),
    )


def _root(spec: Spec, mounted: Path) -> Path:
    """The other checkout's project directory: what is left of the mount without the layout's own part."""
    config = spec.proxy.config
    tail = config.relative_to(spec.directory).parts if config.is_relative_to(spec.directory) else ()
    if "state" in spec.paths_given_by and config.is_relative_to(spec.state):
        tail = (STATE, *config.relative_to(spec.state).parts)
    if not tail or mounted.parts[-len(tail) :] != tail:
        raise ConfigError(
            (
                Problem(
                    where="x-rollout.proxy.config",
                    message=f"is {config}, but the running proxy of `{spec.project}` mounts {mounted}",
                    hint="run from the checkout that brought the stack up, or bring the proxy up anew from this one: "
                    f"docker compose up -d {spec.proxy.service}",
                ),
            ),
            attempted="find the stack's state",
        )
    return Path(*mounted.parts[: -len(tail)])


def _relative(spec: Spec, path: Path) -> Path:
    return path.relative_to(spec.directory) if path.is_relative_to(spec.directory) else Path(STATE)


def _same(one: Path, other: Path) -> bool:
    # Compose and Docker keep symbolic links in paths as they were typed.
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def _within(path: Path, directory: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))


def _refused(named: str, given: Path, true: Path) -> ConfigError:
    problem = Problem(
        where=named,
        message=f"names {given}, but the running stack keeps it at {true}",
        hint=f"leave {named} out: the state follows the stack",
    )
    return ConfigError((problem,), attempted="find the stack's state")
