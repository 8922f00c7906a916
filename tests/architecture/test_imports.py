"""One way in, one way down: by contract, by reading the imports, and by looking at what a process really loads."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Source, sources

OWNERS = {
    "docker": "console.adapters.runtime",
    "textual": "console.tui",
    "rich": "console.tui",
}


def imported(source: Source) -> set[str]:
    """The top-level packages that a file imports anywhere, also inside functions."""
    names = {alias.name for node in source.of(ast.Import) for alias in node.names}
    names |= {node.module for node in source.of(ast.ImportFrom) if node.module and not node.level}
    return {name.partition(".")[0] for name in names}


def loaded(program: str) -> set[str]:
    """The top-level packages in `sys.modules` of a fresh process after it ran a program."""
    report = "import sys; print('loaded:', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit\natexit.register(lambda: exec({report!r}))\n{program}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert "Traceback" not in done.stderr, done.stderr[done.stderr.index("Traceback") :]
    return set(done.stderr.rpartition("loaded:")[2].split())


def importing(*, keep: Callable[[str], bool]) -> str:
    """A program that imports every module of the product whose name is kept."""
    # `__main__` runs on import, and the demo app is a program of its own directory, not of this package.
    names = [s.module for s in sources() if keep(s.module) and not s.module.endswith("__main__") and library(s)]
    assert len(names) > 10
    return "\n".join(f"import {name}" for name in names)


def library(source: Source) -> bool:
    return not source.path.startswith("console/demo/app/")


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", OWNERS)
def test_a_vendor_s_package_is_imported_by_its_owner_only(package: str) -> None:
    owner = OWNERS[package]
    strangers = [s.path for s in sources() if package in imported(s) and not s.module.startswith(owner)]
    assert strangers == []


def test_the_docker_runtime_does_use_docker() -> None:
    assert any("docker" in imported(source) for source in sources())


def test_nothing_below_the_screen_loads_textual_or_rich() -> None:
    everything = importing(keep=lambda name: not name.startswith("console.tui"))
    assert loaded(everything) & {"textual", "rich"} == set()


def test_the_engine_and_all_below_load_no_vendor_at_all() -> None:
    inner = ("console.engine", "console.planning", "console.ports", "console.model", "console.observe")
    assert loaded(importing(keep=lambda name: name.startswith(inner))) & {"docker", "httpx", "yaml", "textual"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["deploy", "--help"], ["no-such-command"]])
def test_help_and_usage_errors_load_neither_docker_nor_the_screen(arguments: list[str]) -> None:
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["rollout"]
    module, _, function = script.partition(":")
    program = (
        f"import sys\nsys.argv = ['rollout', *{arguments!r}]\nfrom {module} import {function}\nsys.exit({function}())"
    )
    found = loaded(program)
    assert "console" in found
    assert found & {"docker", "httpx", "yaml", "textual", "rich", "asyncio"} == set()


def test_the_demo_app_needs_the_standard_library_only() -> None:
    app = [source for source in sources() if not library(source)]
    own = {Path(source.path).stem for source in app} | {"app", "console"}
    strangers = {name for source in app for name in imported(source)} - own - set(sys.stdlib_module_names)
    assert strangers == set()
