"""Does this machine have what a rollout, and the way back, need?"""

from __future__ import annotations

from collections.abc import Iterator

from console.model.facts import HostFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import blocker, ok, size, warning

LEAST_FREE = 1024**3
"""Bytes that should be free for images when no image's size is known."""
LEAST_STATE = 16 * 1024**2
"""Bytes for the journal, the receipts and the upstream file."""


def check(spec: Spec, host: HostFacts) -> Iterator[Finding]:
    """Findings about images, disks and the state directory."""
    yield from _ports(spec, host)
    yield from _rollback(host)
    yield from _disk(host)
    yield from _state(spec, host)


def _ports(spec: Spec, host: HostFacts) -> Iterator[Finding]:
    for held in host.port_holders:
        handover = (
            f"once, `docker compose up -d`: the service of {held.container} is made anew without the port, then the "
            "proxy takes it. That is the one moment when nobody is served"
        )
        elsewhere = "publish another port of this machine; the control listener may have any"
        yield blocker(
            "host.port",
            f"services.{spec.proxy.service}.ports",
            f"port {held.port} is published by {held.container}",
            why="a port can have one container only: the proxy can't start",
            fix=handover if held.own_stack else elsewhere,
        )


def _rollback(host: HostFacts) -> Iterator[Finding]:
    code, where = "host.rollback-image", "images"
    if not host.rollback_image or host.rollback_image_present is None:
        return
    if host.rollback_image_present:
        yield ok(code, where, "the image of the previous release is here")
        return
    yield warning(
        code,
        where,
        f"the image of the previous release is gone: {host.rollback_image}",
        why="once the warm standby is retired there is nothing to roll back to",
        fix="pull or build it again, and keep it from `docker image prune -a`",
    )


def _disk(host: HostFacts) -> Iterator[Finding]:
    code, where = "host.disk", "Docker's data directory"
    if host.disk_free_bytes is None:
        return
    # An image is unpacked while its compressed layers still lie beside it.
    needed = max(LEAST_FREE, 2 * (host.image_bytes or 0))
    free = size(host.disk_free_bytes)
    if host.disk_free_bytes >= needed:
        yield ok(code, where, f"{free} are free for images")
        return
    build = blocker if host.image_bytes is not None and host.disk_free_bytes < host.image_bytes else warning
    yield build(
        code,
        where,
        f"{free} are free, a new image may need {size(needed)}",
        why="a pull or build that fills the disk also stops the logs and databases of everything else here",
        fix="docker image prune (keeps what is used), docker builder prune",
    )


def _state(spec: Spec, host: HostFacts) -> Iterator[Finding]:
    code, where = "host.state", str(spec.state)
    if host.state_writable is False:
        yield blocker(
            code,
            where,
            "the state directory can't be written",
            why="no rollout begins without its journal and its lock",
            fix="give your user or group the right to write there, or name another: --state-dir",
        )
    elif host.state_free_bytes is not None and host.state_free_bytes < LEAST_STATE:
        yield blocker(
            code,
            where,
            f"only {size(host.state_free_bytes)} are free there",
            why="the upstream file can't be replaced on a full disk, in a rollback neither",
            fix="free some space",
        )
    elif host.state_writable:
        yield ok(code, where, "the state directory can be written")
