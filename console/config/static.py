"""What the merged Compose model says about the parts of a stack: the static facts of the preflight check."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

from console.config.merged import Stack
from console.model.color import Color
from console.model.facts import Mount, ServiceFacts, StaticFacts
from console.model.spec import Spec


def gather_static(spec: Spec, stack: Stack) -> StaticFacts:
    """The static facts of a stack whose spec is known. A derived twin is its base under another name."""
    base = stack.services[spec.service]
    services = {
        color: _twin(base, name) if spec.derived_twin and color is Color.GREEN else stack.services[name]
        for color, name in spec.services.items()
    }
    proxy = stack.services[spec.proxy.service]
    mount, target = find_mount(proxy, spec.proxy.config)
    return StaticFacts(services=services, proxy=proxy, config_mount=mount, config_target=target)


def find_mount(proxy: ServiceFacts, directory: Path) -> tuple[Mount | None, PurePosixPath | None]:
    """The proxy's bind mount that holds a host directory, the closest one, and where the proxy sees the directory."""
    wanted = Path(os.path.realpath(directory))
    best: tuple[int, Mount, PurePosixPath] | None = None
    for mount in proxy.mounts:
        source = Path(os.path.realpath(mount.source)) if mount.kind == "bind" and mount.source else None
        if source is None or not wanted.is_relative_to(source):
            continue
        depth = len(source.parts)
        if best is None or depth > best[0]:
            best = (depth, mount, PurePosixPath(mount.target) / wanted.relative_to(source))
    return (None, None) if best is None else (best[1], best[2])


def _twin(base: ServiceFacts, name: str) -> ServiceFacts:
    # The generated override takes these away from it.
    return replace(base, name=name, container_name=None, ports=(), aliases={}, fixed_on={}, profiles=("green",))
