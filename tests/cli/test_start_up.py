"""What a process of the command line loads, and how long it takes to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    *("docker", "textual", "rich", "httpx", "yaml", "requests", "asyncio"),
    *("console.wiring", "console.engine.session"),
)


def loaded_by(*argv: str) -> set[str]:
    """The modules that a command line has loaded at its end."""
    code = (
        "import sys, os; from console.cli.main import main; main(sys.argv[1:]); "
        "sys.stdout.flush(); os.write(2, '\\n'.join(sys.modules).encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("deploy", "--help"), ("deplyo",)])
def test_help_version_and_mistakes_load_nothing_heavy(argv: tuple[str, ...]) -> None:
    assert not loaded_by(*argv) & set(HEAVY)


@pytest.mark.parametrize("module", ["argparse", "console.cli.output", "console.cli.parser", "console.cli.load_measure"])
def test_an_interrupt_while_it_is_still_importing_is_an_interrupt_and_no_crash(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from console.cli.main import main
sys.exit(main(["load", "nonsense"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("load", "http://127.0.0.1:9/"), ("deploy", "--load", "5")])
def test_an_interrupt_waits_until_the_classes_of_the_messages_are_whole(words: tuple[str, ...]) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "msgspec":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from console.cli.main import main
code = main({words!r})
blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(code, hasattr(sys.modules.get("console.model.load"), "Message"), blocked)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "130 True False\n", done.stderr


def test_a_look_loads_neither_what_plans_and_runs_rollouts_nor_load() -> None:
    code = "from console.wiring import preload; import console.cli.commands.status, console.cli.report; preload(); "
    done = subprocess.run(
        [sys.executable, "-c", code + "import sys; print('\\n'.join(sys.modules))"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    acting = ("console.engine.rollout", "console.planning._blocks", "console.adapters.runtime.composer")
    others = ("console.model.steps", "console.model.load", "console.model.receipt", "textual", "httpx")
    assert not {*acting, *others} & set(done.stdout.split())


def test_the_console_paints_its_first_screen_before_it_loads_what_works_behind_it() -> None:
    code = """
import asyncio, sys
import console.cli.commands.demo
from console.tui.launch import Bridge, ConsoleApp, EngineThread

class Engine(EngineThread):
    def start(self):
        print("\\n".join(sys.modules))

async def painted():
    async with ConsoleApp(Engine(None, Bridge()), Bridge()).run_test(size=(80, 24)) as pilot:
        await pilot.pause()

asyncio.run(painted())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "console.tui.app" in loaded
    behind = ("console.model.events", "console.model.load", "console.model.spec", "console.observe.view")
    later = ("console.tui.desk", "console.tui.operator", "console.tui.dialogs.base", "console.cli.render.narrator")
    assert not ({*behind, *later, *HEAVY} - {"textual", "rich", "asyncio"}) & loaded


def test_help_is_quick() -> None:
    code = """
import os, time
def queued():  # seconds that this process could run and other ones did: what a busy machine adds
    try:
        return int(open("/proc/self/schedstat").read().split()[1]) / 1e9
    except OSError:
        return 0.0
waited, began = queued(), time.perf_counter()
from console.cli.main import main
main(["--help"])
took = time.perf_counter() - began
os.write(2, str(took - (queued() - waited)).encode())
"""

    def seconds() -> float:
        argv = [sys.executable, "-c", code]
        return float(subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stderr)

    # Caches are cold at first, and other processes keep them so.
    assert any(seconds() < 0.5 for _ in range(10)), "generous: it takes 0.04 s on an idle core"
