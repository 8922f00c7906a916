"""`rollout init`: what a stack needs. Prints what belongs into the user's files, writes only its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.document import document
from console.cli.render.style import Mark
from console.config.discovery import PINS


def run(invocation: Invocation) -> int:
    """Print the parts to paste; with `--write` and `--write-env`, write the generated ones."""
    line, backend = invocation.line, invocation.backend
    if line.write or line.write_env:
        invocation.refuse_read_only("write the generated parts")
    setup = backend.setup(line, invocation.environ)
    wanted: dict[Path, str] = dict(setup.files) if line.write else {}
    if line.write:
        backend.prepare(setup.spec)
    if line.write_env:
        # Compose refuses a COMPOSE_FILE that names a missing file, so the override comes first.
        pins = setup.spec.state / PINS
        wanted |= {path: content for path, content in setup.files.items() if path == pins}
        path, content = setup.env
        wanted[path] = content
    written = [path for path, content in wanted.items() if _write(path, content)]
    if line.json:
        invocation.output.document(
            document(
                "init",
                {
                    "text": setup.text,
                    "generated": [str(path) for path in setup.files],
                    "written": [str(path) for path in written],
                },
            )
        )
    else:
        invocation.output.data(setup.text)
    for path in wanted:
        word = "written" if path in written else "unchanged"
        invocation.output.narrate(invocation.style.mark(Mark.DONE, f"{word}: {path}") + "\n")
    for path in setup.files.keys() - wanted.keys():
        invocation.output.narrate(invocation.style.mark(Mark.NOTE, f"--write would write {path}") + "\n")
    return ExitCode.DONE


def _write(path: Path, content: str) -> bool:
    """Replace a file whole, keeping its mode and a link to it; False when it says that already."""
    path = path.resolve()
    try:
        old = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        old, mode = None, 0o644
    if old == content:
        return False
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
