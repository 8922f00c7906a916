"""The Compose plugin itself, without the `docker` command before it.

`docker compose` starts the plugin twice: to ask what it is, then to run it. That and the `docker` command's own start
are a tenth of an `up` and more. The plugin is a command of its own (it is what is installed as `docker-compose`), reads
the same configuration and context, and creates the same containers; the narration shows the form that people type.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = "docker-compose"
_SYSTEM = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_PREFIX = ("docker", "compose")


def direct(argv: tuple[str, ...], environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The same command on the plugin itself; as it is when it is no `docker compose`, or the plugin isn't found."""
    if argv[:2] != _PREFIX:
        return argv
    plugin = find(os.environ if environ is None else environ)
    return (str(plugin), *argv[2:]) if plugin else argv


def find(environ: Mapping[str, str]) -> Path | None:
    """The plugin that the `docker` command would run, in its order of search (docker/cli, `cli-plugins/manager`)."""
    for folder in _folders(environ):
        plugin = folder / NAME
        if plugin.is_file():
            return plugin if os.access(plugin, os.X_OK) else None
    return None


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME", "")
    named = environ.get("DOCKER_CONFIG", "")
    config = Path(named) if named else Path(home) / ".docker" if home else None
    if config is not None:
        yield from _extra(config / "config.json")
        yield config / "cli-plugins"
    yield from (Path(folder) for folder in _SYSTEM)


def _extra(file: Path) -> Iterator[Path]:
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return
    folders = config.get("cliPluginsExtraDirs") if isinstance(config, dict) else None
    for folder in folders if isinstance(folders, list) else []:
        if isinstance(folder, str):
            yield Path(folder)
