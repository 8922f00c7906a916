"""Argument lists for `docker compose`, and the child process that runs them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from pathlib import Path

from console.adapters.runtime import compose_plugin
from console.adapters.runtime.text import clean, last_lines
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.spec import Spec

TERMINATE_GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL for a child whose await was cancelled."""
_OWN_ENVIRONMENT = {
    # An orphan is what another operator's files name and ours don't: never ours to remove, nor to complain about.
    "COMPOSE_REMOVE_ORPHANS": "0",
    "COMPOSE_IGNORE_ORPHANS": "1",
    "COMPOSE_ANSI": "never",
}


def profile(spec: Spec, color: Color) -> str | None:
    """The profile that a color's service hides behind; a derived twin always hides behind `green`."""
    named = spec.profiles.get(color)
    return named or ("green" if spec.derived_twin and color is Color.GREEN else None)


def environment_profiles(directory: Path) -> tuple[str, ...]:
    """`COMPOSE_PROFILES` of the environment or the project's `.env`.

    A `--profile` flag silently replaces it, and a dependency that hides behind one of them would be undefined.
    """
    value = os.environ.get("COMPOSE_PROFILES")
    if value is None:
        value = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in (directory / ".env").read_text("utf-8").splitlines():
                key, _, text = line.strip().removeprefix("export ").partition("=")
                if key.strip() == "COMPOSE_PROFILES":
                    value = text.strip().strip("'\"")
    return tuple(name.strip() for name in value.split(",") if name.strip())


def compose(spec: Spec, *, override: Path | None, profiles: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The command up to its verb: files in order of precedence, project, directory, profiles."""
    files = (*spec.compose_files, *((override,) if override else ()))
    argv = ["docker", "compose"]
    for file in files:
        argv += ["-f", str(file)]
    argv += ["-p", spec.project, "--project-directory", str(spec.directory)]
    if profiles:
        for name in dict.fromkeys((*environment_profiles(spec.directory), *profiles)):
            argv += ["--profile", name]
    return tuple(argv)


def up(spec: Spec, color: Color, *, override: Path, replicas: int, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Create and start exactly one color's service, detached, recreating nothing; and `also` these others.

    Not `--no-deps`: it changes the config hash, and the next `up` recreates the service. Not `--wait`: it polls.
    """
    service = spec.services[color]
    named = profile(spec, color)
    head = compose(spec, override=override, profiles=(named,) if named else ())
    return (*head, "up", "-d", "--no-recreate", "--scale", f"{service}={replicas}", service, *also)


def up_service(spec: Spec, service: str, *, override: Path) -> tuple[str, ...]:
    """Bring one other service up (the proxy) with what it depends on, recreating nothing."""
    return (*compose(spec, override=override), "up", "-d", "--no-recreate", service)


def build(spec: Spec, color: Color, *, override: Path | None, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Build a color's image and those of `also`; `override` must hold no pins, or Compose refuses the image name."""
    named = profile(spec, color)
    head = compose(spec, override=override, profiles=(named,) if named else ())
    return (*head, "build", spec.services[color], *also)


def down(spec: Spec, *, override: Path) -> tuple[str, ...]:
    """Take the whole stack down, both colors; volumes stay."""
    named = tuple(name for color in Color if (name := profile(spec, color)))
    return (*compose(spec, override=override, profiles=named), "down")


class ChildRunner:
    """Runs external commands one at a time or side by side, and remembers them for the narration."""

    def __init__(self) -> None:
        self._narration: list[str] = []

    def narration(self) -> tuple[str, ...]:
        """The commands run since the last call, shell-quoted."""
        lines, self._narration = tuple(self._narration), []
        return lines

    def note(self, text: str) -> None:
        """Add a line that stands for no command; as a comment, so that a paste stays harmless."""
        self._narration.append("# " + text)

    async def run(
        self, argv: tuple[str, ...], *, attempted: str, now: str, deadline: float, direct: bool = False
    ) -> str:
        """Run to the end and return the cleaned output; `direct`ly on the Compose plugin, which starts faster.

        The child has a session of its own, or the Ctrl-C and the hang-up of a terminal would reach it in mid-act.
        It is killed with all its children when this await is cancelled.

        Raises:
            RuntimeFailedError: the command is missing, failed, or took longer than `deadline` seconds.
        """
        command = shlex.join(argv)
        self._narration.append(command)
        try:
            child = await asyncio.create_subprocess_exec(
                *(compose_plugin.direct(argv) if direct else argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **_OWN_ENVIRONMENT},
            )
        except OSError as error:
            raise RuntimeFailedError(
                attempted, f"`{argv[0]}` can't be run: {error.strerror}", now=now, next_command="docker compose version"
            ) from error
        try:
            async with asyncio.timeout(deadline):
                output, _ = await child.communicate()
        except TimeoutError:
            raise RuntimeFailedError(
                attempted,
                f"`{command}` did not end within {deadline:g} s and was killed",
                now=now,
                next_command=command,
            ) from None
        finally:
            await asyncio.shield(_reap(child))
        text = clean(output)
        if child.returncode != 0:
            raise RuntimeFailedError(attempted, _reason(argv, text, child.returncode), now=now, next_command=command)
        return text


async def _reap(child: asyncio.subprocess.Process) -> None:
    """End a child that still runs, with its whole process group; bounded."""
    if child.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TERMINATE_GRACE):
                await child.wait()
                return


def _reason(argv: tuple[str, ...], output: str, code: int | None) -> str:
    if "'compose' is not a docker command" in output or "unknown shorthand flag: 'f'" in output:
        return "the Docker command line has no Compose plugin"
    progress = (" Creating", " Created", " Starting", " Started", " Waiting", " Healthy", " Running", " Exited")
    told = "\n".join(
        line for line in output.splitlines() if not line.rstrip().endswith(progress) and "level=warning" not in line
    )
    return f"`{argv[0]} {argv[1]}` ended with {code}: {last_lines(told, 3) or last_lines(output, 3) or 'no output'}"
