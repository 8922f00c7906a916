"""Which Compose files make the stack, found as Compose finds them.

The order: `-f`, `ROLLOUT_COMPOSE_FILE`, `COMPOSE_FILE` of the environment, `COMPOSE_FILE` of `.env`, then the usual
names in the current directory and its parents, with their override file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.config.dotenv import lookup, read_dotenv
from console.config.options import Options
from console.model.errors import Problem

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""In the order in which Compose prefers them."""
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
STATE = "state"
"""Name of the state directory beside the Compose file."""
VARIABLES = ("ROLLOUT_COMPOSE_FILE", "COMPOSE_FILE")
"""Of the environment, the first one first."""
PINS = "colors.yml"
"""Name of the generated override in the state directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """The Compose files of a stack."""

    files: tuple[Path, ...]
    """Absolute, in order of precedence, without the generated override; empty when none was found."""
    directory: Path
    """The project directory: that of the first file."""
    state: Path
    """Absolute."""
    state_given_by: str = ""
    """The flag or variable that named the state directory; empty for the default."""
    pins_in_environment: bool = False
    problems: tuple[Problem, ...] = ()

    def shown(self, path: Path) -> str:
        """A path as people know it: relative to the project directory where it lies inside."""
        return str(path.relative_to(self.directory)) if path.is_relative_to(self.directory) else str(path)


def discover(options: Options, environ: Mapping[str, str]) -> Discovered:
    """Find the files; a missing one is a problem in the answer, never an exception."""
    here = absolute(options.directory or Path.cwd(), Path.cwd())
    names, base = _named(options, environ, here)
    problems: tuple[Problem, ...] = ()
    if names is None:
        files = _search(here)
        if files and (more := lookup(read_dotenv(files[0].parent / ".env"), "COMPOSE_FILE", environ)):
            # From a directory below, Compose would look these names up in the wrong place.
            base = files[0].parent
            files = tuple(absolute(Path(name), base) for name in _split(more, environ, base))
        if not files:
            problems = (_nothing(here),)
    else:
        files = tuple(absolute(Path(name), base) for name in names if name != "-")
        if "-" in names:
            problems = (Problem(where="-f -", message="can't be read from standard input", hint="name a file"),)
    directory = files[0].parent if files else here
    state, given_by = _state(options, environ, here, directory)
    kept = tuple(file for file in files if file != state / PINS)
    return Discovered(
        files=kept,
        directory=directory,
        state=state,
        state_given_by=given_by,
        pins_in_environment=state / PINS in _environment_files(environ, here, directory),
        problems=problems,
    )


def named(options: Options, environ: Mapping[str, str]) -> bool:
    """Whether somebody said which files are meant, so that they were not only found."""
    return bool(options.files) or any(environ.get(name, "").strip() for name in VARIABLES)


def absolute(path: Path, base: Path) -> Path:
    """An absolute, normalized path; symbolic links stay as they are written."""
    return Path(os.path.normpath(base / path.expanduser()))


def _named(options: Options, environ: Mapping[str, str], here: Path) -> tuple[tuple[str, ...] | None, Path]:
    if options.files:
        return options.files, here
    for name in VARIABLES:
        if value := environ.get(name, "").strip():
            return _split(value, environ, here), here
    if value := lookup(read_dotenv(here / ".env"), "COMPOSE_FILE", environ) or "":
        return _split(value, environ, here), here
    return None, here


def _split(value: str, environ: Mapping[str, str], base: Path) -> tuple[str, ...]:
    dotenv = lookup(read_dotenv(base / ".env"), "COMPOSE_PATH_SEPARATOR", environ)
    separator = environ.get("COMPOSE_PATH_SEPARATOR") or dotenv or os.pathsep
    return tuple(part.strip() for part in value.split(separator) if part.strip())


def _search(here: Path) -> tuple[Path, ...]:
    for directory in (here, *here.parents):
        for name in NAMES:
            if (directory / name).is_file():
                overrides = (directory / override for override in OVERRIDES)
                return (directory / name, *[file for file in overrides if file.is_file()][:1])
    return ()


def _state(options: Options, environ: Mapping[str, str], here: Path, directory: Path) -> tuple[Path, str]:
    if options.state_dir:
        return absolute(Path(options.state_dir), here), "--state-dir"
    if value := environ.get("ROLLOUT_STATE_DIR", "").strip():
        return absolute(Path(value), here), "ROLLOUT_STATE_DIR"
    return directory / STATE, ""


def _environment_files(environ: Mapping[str, str], here: Path, directory: Path) -> tuple[Path, ...]:
    """What a plain `docker compose` in the project directory is told by its environment."""
    if value := environ.get("COMPOSE_FILE", "").strip():
        return tuple(absolute(Path(name), here) for name in _split(value, environ, here))
    value = lookup(read_dotenv(directory / ".env"), "COMPOSE_FILE", environ) or ""
    return tuple(absolute(Path(name), directory) for name in _split(value, environ, directory))


def _nothing(here: Path) -> Problem:
    return Problem(
        where=str(here),
        message="there is no Compose file here or in any directory above",
        hint="go to the stack's directory, or name its file: rollout -f PATH/docker-compose.yml",
    )
