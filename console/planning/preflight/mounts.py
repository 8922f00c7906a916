"""What ties the proxy to both colors and to the engine: networks, published ports, mounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from console.model.color import Color
from console.model.facts import Mount, StaticFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import blocker, ok, warning


def check(spec: Spec, static: StaticFacts) -> Iterator[Finding]:
    """Findings about the wiring."""
    yield _network(static)
    yield _config_mount(spec, static)
    if static.config_mount is not None:
        yield _writable(spec, static.config_mount)
    yield _single_files(static)
    yield _control(spec, static)
    yield from _shared_volumes(static)


def _network(static: StaticFacts) -> Finding:
    proxy, code = static.proxy, "proxy.network"
    where = f"services.{proxy.name}.networks"
    if proxy.network_mode not in {"", "bridge", "default"}:
        return blocker(
            code,
            f"services.{proxy.name}.network_mode",
            f"`network_mode: {proxy.network_mode}`",
            why="outside the stack's networks the proxy can't find a color by its name",
            fix="remove network_mode, publish the proxy's ports, and share a network with the service",
        )
    apart = [service.name for service in static.services.values() if not service.networks & proxy.networks]
    if not apart:
        return ok(code, where, "both colors share a network with the proxy")
    return blocker(
        code,
        where,
        f"no common network of `{proxy.name}` and {' and '.join(f'`{name}`' for name in apart)}",
        why="the proxy can't reach that color: after a cutover every request gets 502",
        fix="give all three the same entry in `networks`",
    )


def _config_mount(spec: Spec, static: StaticFacts) -> Finding:
    code, where = "proxy.config-mount", f"services.{static.proxy.name}.volumes"
    mount = static.config_mount
    if mount is None:
        return blocker(
            code,
            where,
            f"the proxy mounts {spec.proxy.config} nowhere",
            why="what the engine writes there never reaches the proxy, so that no cutover can happen",
            fix=f'add volumes: ["{_relative(spec)}:/etc/rollout:ro"]',
        )
    return ok(code, where, f"the proxy sees the generated files in {static.config_target}")


def _writable(spec: Spec, mount: Mount) -> Finding:
    code, where = "proxy.config-writable", f"services.{spec.proxy.service}.volumes"
    if mount.read_only:
        return ok(code, where, "the proxy can't write to the generated files")
    return warning(
        code,
        where,
        f"{mount.target} is mounted writable",
        why="only the engine may change what is served; an entrypoint that edits or chowns files there breaks cutovers",
        fix="add `:ro` (or read_only: true) to that mount",
    )


def _single_files(static: StaticFacts) -> Finding:
    code, where = "proxy.single-file-mount", f"services.{static.proxy.name}.volumes"
    files = [mount for mount in static.proxy.mounts if mount.kind == "bind" and mount.single_file]
    if not files:
        return ok(code, where, "the proxy mounts no single file")
    generated = static.config_target is not None and any(
        PurePosixPath(mount.target).is_relative_to(static.config_target) for mount in files
    )
    build = blocker if generated or any(mount is static.config_mount for mount in files) else warning
    return build(
        code,
        where,
        f"a single file is mounted: {', '.join(mount.target for mount in files)}",
        why="the mount pins the file's inode: editors and git replace files, and the proxy goes on seeing the old one",
        fix="mount its directory instead",
    )


def _control(spec: Spec, static: StaticFacts) -> Finding:
    code, where = "proxy.control-published", f"services.{static.proxy.name}.ports"
    port = spec.proxy.control_port
    line = f'ports: ["127.0.0.1:{port}:{port}"]'
    entries = [entry for entry in static.proxy.ports if entry.target == port]
    if not entries:
        return blocker(
            code,
            where,
            f"the control listener (container port {port}) is not published",
            why="the engine can't see what the proxy really serves, so it can't tell a cutover from a refused reload",
            fix=f"add {line}",
        )
    if all(entry.loopback_only for entry in entries):
        return ok(code, where, "the control listener is published on loopback only")
    return blocker(
        code,
        where,
        f"the control listener (container port {port}) is published beyond this machine",
        why="anybody who reaches it can send requests to any replica, past the proxy's rules",
        fix=f"bind it to loopback: {line}",
    )


def _shared_volumes(static: StaticFacts) -> Iterator[Finding]:
    blue, green = static.services[Color.BLUE], static.services[Color.GREEN]
    code, where = "colors.shared-volumes", f"services.{blue.name}.volumes"
    writable = {(mount.kind, mount.source) for mount in green.mounts if _keeps(mount)}
    shared = [mount for mount in blue.mounts if _keeps(mount) and (mount.kind, mount.source) in writable]
    if not shared:
        yield ok(code, where, "the colors write to no common volume")
        return
    yield warning(
        code,
        where,
        f"both colors write to {', '.join(mount.source for mount in shared)}",
        why="two releases work on the same files at once, and a rollback gets the files of the newer one",
        fix="mount it read-only, or make sure that two releases may write there at once",
    )


def _keeps(mount: Mount) -> bool:
    return mount.kind in {"bind", "volume"} and bool(mount.source) and not mount.read_only


def _relative(spec: Spec) -> str:
    config = spec.proxy.config
    return f"./{config.relative_to(spec.directory)}" if config.is_relative_to(spec.directory) else str(config)
