"""From what the engine says about containers to replicas: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from console.adapters.runtime.text import clean
from console.model.color import Color
from console.model.observed import Health, Replica, ReplicaState

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
HASH_LABEL = "com.docker.compose.config-hash"
FILES_LABEL = "com.docker.compose.project.config_files"
OVERRIDE_FILE = "colors.yml"
"""The generated override's name; not one of the user's files."""
ONE_OFF_LABEL = "com.docker.compose.oneoff"
_NEVER = "0001-01-01"
_HEALTH_OUTPUT_LENGTH = 400

Tree = Mapping[str, object]
"""JSON of the engine as it came; nothing of it leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One container of the project, from the one call that lists them all."""

    id: str
    name: str
    service: str
    number: int
    state: str
    image_id: str
    networks: Mapping[str, str]
    """Network id to the container's IP address there; empty addresses while it isn't running."""

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.state == ReplicaState.RUNNING


def listed(entry: Tree) -> Listed:
    """One entry of `GET /containers/json`."""
    labels = branch(entry, "Labels")
    number = leaf(labels, NUMBER_LABEL)
    names = entry.get("Names")
    name = str(names[0]).lstrip("/") if isinstance(names, list) and names else leaf(entry, "Id")[:12]
    return Listed(
        id=leaf(entry, "Id"),
        name=clean(name),
        service=leaf(labels, SERVICE_LABEL),
        number=int(number) if number.isdigit() else 0,
        state=leaf(entry, "State"),
        image_id=leaf(entry, "ImageID"),
        networks=_addresses(branch(entry, "NetworkSettings", "Networks")),
    )


def replica(details: Tree, *, color: Color, shared: frozenset[str], port: int) -> Replica:
    """A replica from `GET /containers/<id>/json`.

    Args:
        details: the answer.
        color: the color that its service stands for.
        shared: ids of the networks that the proxy is on; empty when the proxy has no container.
        port: the port that the service listens on.
    """
    state, config = branch(details, "State"), branch(details, "Config")
    labels = branch(config, "Labels")
    status = ReplicaState(leaf(state, "Status") or ReplicaState.DEAD)
    started = leaf(state, "StartedAt")
    ended = status in {ReplicaState.EXITED, ReplicaState.DEAD, ReplicaState.RESTARTING}
    code = state.get("ExitCode")
    networks = _addresses(branch(details, "NetworkSettings", "Networks"))
    restarts = details.get("RestartCount")
    return Replica(
        id=leaf(details, "Id"),
        name=clean(leaf(details, "Name").lstrip("/")),
        color=color,
        state=status,
        health=_health(leaf(state, "Health", "Status")),
        address=_address(networks, shared, port),
        image_id=leaf(details, "Image"),
        image=clean(leaf(config, "Image")),
        config_hash=leaf(labels, HASH_LABEL),
        compose_files=_files(leaf(labels, FILES_LABEL)),
        started_at="" if started.startswith(_NEVER) else started,
        restarts=restarts if isinstance(restarts, int) else 0,
        exit_code=code if ended and isinstance(code, int) else None,
        health_output=_last_probe(state),
    )


def branch(tree: Tree, *keys: str) -> Tree:
    """A nested object; empty when it is missing or null."""
    for key in keys:
        found = tree.get(key)
        if not isinstance(found, Mapping):
            return {}
        tree = found
    return tree


def leaf(tree: Tree, *keys: str) -> str:
    """A nested string; empty when it is missing."""
    found = branch(tree, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, str) else ""


def _files(label: str) -> tuple[str, ...]:
    return tuple(clean(file) for file in label.split(",") if file and PurePath(file).name != OVERRIDE_FILE)


def _addresses(networks: Tree) -> dict[str, str]:
    return {
        leaf(network, "NetworkID") or name: leaf(network, "IPAddress")
        for name, network in networks.items()
        if isinstance(network, Mapping)
    }


def _address(networks: Mapping[str, str], shared: frozenset[str], port: int) -> str | None:
    reachable = [ip for network, ip in networks.items() if ip and (network in shared or not shared)]
    return f"{reachable[0]}:{port}" if reachable else None


def _health(status: str) -> Health:
    return Health(status) if status in set(Health) else Health.NONE


def _last_probe(state: Tree) -> str:
    log = branch(state, "Health").get("Log")
    if not isinstance(log, list) or not log or not isinstance(log[-1], Mapping):
        return ""
    return clean(leaf(log[-1], "Output")).strip()[:_HEALTH_OUTPUT_LENGTH]
