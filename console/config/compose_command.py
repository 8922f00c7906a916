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
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from console.model.errors import Problem

DEADLINE = 30.0
"""Seconds; it takes 0.07 s on a machine at rest."""


class ComposeRefusedError(Exception):
    """Compose did not give the merged model; carries the problems."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Merging:
    """A `docker compose config` that runs from the moment it is made, so that it overlaps with other work.

    A context manager: leaving it ends a child that still runs.
    """

    def __init__(
        self, files: tuple[Path, ...], directory: Path, project_name: str | None, environ: Mapping[str, str]
    ) -> None:
        argv = ["docker", "compose", *(word for file in files for word in ("-f", str(file)))]
        argv += ["--project-directory", str(directory), *(("-p", project_name) if project_name else ())]
        # Every profile, or a color that hides behind one would not be there.
        argv += ["--profile", "*", "config"]
        self._shown = shlex.join([*argv, "--quiet"])
        self._child: subprocess.Popen[bytes] | None = None
        self._missing: OSError | None = None
        try:
            self._child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
                [*argv, "--format", "json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**environ, "COMPOSE_ANSI": "never"},
            )
        except OSError as error:
            self._missing = error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def model(self) -> dict[str, object]:
        """Wait for the merged model as Compose prints it.

        Raises:
            ComposeRefusedError: Compose is missing, refused the files, or did not end within `DEADLINE`.
        """
        try:
            model = json.loads(self._output())
        except ValueError:
            model = None
        if not isinstance(model, dict):
            found = "`docker compose config --format json` printed no JSON object"
            raise ComposeRefusedError((Problem(where="docker compose", message=found, hint="docker compose version"),))
        return model

    def end(self) -> None:
        """Kill a child that still runs with its whole group: the plugin is a child of `docker`. Idempotent."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.communicate(timeout=2.0)
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()

    def _output(self) -> bytes:
        if self._child is None:
            raise ComposeRefusedError((_missing(self._missing),))
        try:
            output, told = self._child.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            found = f"`docker compose config` did not end within {DEADLINE:g} s and was killed"
            raise ComposeRefusedError((Problem(where="docker compose", message=found, hint=self._shown),)) from None
        if self._child.returncode != 0:
            from console.config.compose_errors import explain  # noqa: PLC0415 - only what was refused needs it

            raise ComposeRefusedError(explain(told.decode("utf-8", "replace"), command=self._shown))
        return output


def merged_json(
    files: tuple[Path, ...], directory: Path, project_name: str | None, environ: Mapping[str, str]
) -> dict[str, object]:
    """The merged model as Compose prints it. Raises `ComposeRefusedError`."""
    with Merging(files, directory, project_name, environ) as merging:
        return merging.model()


def interpolated(
    block: Mapping[str, object], directory: Path, project_name: str | None, environ: Mapping[str, str]
) -> object:
    """An `x-rollout` block that was merged here, interpolated by Compose. Raises `ComposeRefusedError`."""
    import tempfile  # noqa: PLC0415 - only a block that is spread over several files needs it

    with tempfile.TemporaryDirectory(prefix="rollout-") as scratch:
        file = Path(scratch) / "x-rollout.yml"
        file.write_text(json.dumps({"services": {}, "x-rollout": block}), "utf-8")
        return merged_json((file,), directory, project_name, environ).get("x-rollout")


def _missing(error: OSError | None) -> Problem:
    return Problem(
        where="docker",
        message=f"the `docker` command can't be run: {error.strerror if error else 'it was ended'}",
        hint="install Docker with its Compose plugin, or try the embedded stack: rollout demo",
    )
