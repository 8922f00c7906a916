"""One `docker compose config`: the merged model of all files, with everything interpolated.

What it prints holds the environment values of the stack. They stay in memory, and what it says when it fails is never
repeated: see `console.config.compose_errors`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from console.config.compose_errors import explain
from console.model.errors import Problem

DEADLINE = 30.0
"""Seconds; it takes 0.07 s on a machine at rest."""


class ComposeRefusedError(Exception):
    """Compose did not give the merged model; carries the problems."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def merged_json(
    files: tuple[Path, ...], directory: Path, project_name: str | None, environ: Mapping[str, str]
) -> dict[str, object]:
    """The merged model as Compose prints it.

    Raises:
        ComposeRefusedError: Compose is missing, refused the files, or did not end within `DEADLINE`.
    """
    argv = ["docker", "compose", *(word for file in files for word in ("-f", str(file)))]
    argv += ["--project-directory", str(directory), *(("-p", project_name) if project_name else ())]
    # Every profile, or a color that hides behind one would not be there.
    argv += ["--profile", "*", "config"]
    output = _run([*argv, "--format", "json"], environ, shown=shlex.join([*argv, "--quiet"]))
    try:
        model = json.loads(output)
    except ValueError:
        model = None
    if not isinstance(model, dict):
        found = "`docker compose config --format json` printed no JSON object"
        raise ComposeRefusedError((Problem(where="docker compose", message=found, hint="docker compose version"),))
    return model


def interpolated(
    block: Mapping[str, object], directory: Path, project_name: str | None, environ: Mapping[str, str]
) -> object:
    """An `x-rollout` block that was merged here, interpolated by Compose. Raises `ComposeRefusedError`."""
    with tempfile.TemporaryDirectory(prefix="rollout-") as scratch:
        file = Path(scratch) / "x-rollout.yml"
        file.write_text(json.dumps({"services": {}, "x-rollout": block}), "utf-8")
        return merged_json((file,), directory, project_name, environ).get("x-rollout")


def _run(argv: list[str], environ: Mapping[str, str], *, shown: str) -> bytes:
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**environ, "COMPOSE_ANSI": "never"},
        )
    except OSError as error:
        raise ComposeRefusedError((_missing(error),)) from error
    try:
        output, told = child.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        found = f"`docker compose config` did not end within {DEADLINE:g} s and was killed"
        raise ComposeRefusedError((Problem(where="docker compose", message=found, hint=shown),)) from None
    finally:
        _end(child)
    if child.returncode != 0:
        raise ComposeRefusedError(explain(told.decode("utf-8", "replace"), command=shown))
    return output


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child that still runs with its whole group: the Compose plugin is a child of the command line."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=2.0)
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def _missing(error: OSError) -> Problem:
    return Problem(
        where="docker",
        message=f"the `docker` command can't be run: {error.strerror}",
        hint="install Docker with its Compose plugin, or try the embedded stack: rollout demo",
    )
