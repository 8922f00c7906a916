"""The runtime contract over local processes, and what only those do."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest

from console.adapters.runtime.local import Catalog, LocalRuntime
from console.adapters.runtime.local.replica import LINES_KEPT
from console.demo.stack.stack import APP
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import ReplicaState
from console.ports.runtime import Runtime
from tests.contract.runtime_contract import RuntimeContract, next_of, of, removed_afterwards, until, up

Make = Callable[[Path, float], LocalRuntime]


@pytest.fixture
def make(free_ports: Callable[[int], list[int]]) -> Make:
    def make_runtime(app: Path = APP, stop_grace: float = 10.0) -> LocalRuntime:
        ports = free_ports(4)
        return LocalRuntime(
            app=app,
            catalog=Catalog(),
            names={Color.BLUE: "test-app", Color.GREEN: "test-app_green"},
            ports={Color.BLUE: tuple(ports[:2]), Color.GREEN: tuple(ports[2:])},
            stop_grace=stop_grace,
        )

    return make_runtime


@pytest.fixture
async def runtime(make: Make) -> AsyncIterator[Runtime]:
    async with removed_afterwards(make(APP, 10.0)) as runtime:
        yield runtime


class TestLocalProcesses(RuntimeContract):
    pass


def script(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "program.py"
    file.write_text(text)
    return file


class TestTheCatalog:
    async def test_builds_are_numbered_releases_with_ids_of_their_own(self, runtime: Runtime) -> None:
        images = [await runtime.build(color) for color in (Color.BLUE, Color.GREEN, Color.BLUE)]
        assert [image.reference for image in images] == ["app@v1", "app@v2", "app@v3"]
        assert len({image.id for image in images}) == 3

    async def test_every_numbered_release_and_every_rehearsal_can_be_pulled(self, runtime: Runtime) -> None:
        references = ["app@v7", "app@error-500", "app@slow", "app@never-ready", "app@crash", "app@late-error-500"]
        images = [await runtime.pull(reference) for reference in references]
        assert [image.reference for image in images] == references
        assert len({image.id for image in images}) == len(references)

    async def test_a_release_keeps_its_id_however_it_is_found(self, runtime: Runtime) -> None:
        built = await runtime.build(Color.BLUE)
        assert await runtime.pull("app@v1") == built
        assert await runtime.resolve("v1") == built

    @pytest.mark.parametrize("reference", ["", "app@", "app@v0", "app@V1", "other@v1", "app@nonsense"])
    async def test_what_is_not_in_it_cannot_be_pulled_and_the_error_lists_what_can(
        self, runtime: Runtime, reference: str
    ) -> None:
        with pytest.raises(RuntimeFailedError, match=r"app@v1, app@v2, \.\.\., .*app@never-ready"):
            await runtime.pull(reference)


class TestProcesses:
    async def test_more_replicas_than_ports_are_refused_before_any_starts(self, runtime: Runtime) -> None:
        with pytest.raises(RuntimeFailedError, match="2 ports a color"):
            await up(runtime, Color.GREEN, replicas=3)
        assert await runtime.replicas() == ()

    async def test_a_release_that_crashes_is_pushed_as_an_end_with_its_exit_code(self, runtime: Runtime) -> None:
        async with runtime.changes() as changes:
            await runtime.start(Color.GREEN, await runtime.pull("app@crash"), replicas=1)
            assert (await next_of(changes, "die")).exit_code == 1
        (replica,) = await runtime.replicas()
        assert (replica.state, replica.exit_code, replica.address) == (ReplicaState.EXITED, 1, None)

    async def test_a_port_that_is_taken_ends_the_replica_and_its_output_says_why(self, runtime: Runtime) -> None:
        host, _, port = runtime.servers(Color.GREEN)[0].partition(":")
        taken = await asyncio.start_server(lambda *_: None, host, int(port))
        async with taken:
            (replica,) = await up(runtime, Color.GREEN)

            async def ended() -> bool:
                return not (await of(runtime, Color.GREEN))[0].running

            await until(ended)
        assert "could not listen" in " ".join(await runtime.logs(replica, tail=5))

    async def test_a_signal_is_told_as_docker_tells_it(self, make: Make, tmp_path: Path) -> None:
        program = script(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
        async with removed_afterwards(make(program, 1.0)) as runtime, runtime.changes() as changes:
            await up(runtime, Color.GREEN)
            assert (await next_of(changes, "die")).exit_code == 128 + signal.SIGKILL

    async def test_a_replica_that_ignores_the_stop_signal_is_killed_after_its_grace(
        self, make: Make, tmp_path: Path
    ) -> None:
        program = script(
            tmp_path,
            "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(60)\n",
        )
        async with removed_afterwards(make(program, 0.2)) as runtime:
            (replica,) = await up(runtime, Color.GREEN)

            async def deaf() -> bool:
                return await runtime.logs(replica, tail=1) == ("deaf",)

            await until(deaf)
            await runtime.stop(Color.GREEN)
            (stopped,) = await runtime.replicas()
            assert stopped.exit_code == 128 + signal.SIGKILL

    async def test_output_is_bounded_and_stripped_of_control_characters(self, make: Make, tmp_path: Path) -> None:
        program = script(
            tmp_path,
            f"for n in range({LINES_KEPT + 500}): print(n)\n"
            "print('\\x1b[31mred\\x07', 'x' * 10000)\nprint('end', end='')\n",
        )
        async with removed_afterwards(make(program, 1.0)) as runtime, runtime.changes() as changes:
            (replica,) = await up(runtime, Color.GREEN)
            await next_of(changes, "die")
            lines = await runtime.logs(replica, tail=100_000)
        assert len(lines) == LINES_KEPT
        assert lines[-1] == "end"
        assert lines[-2].startswith("[31mred xxx")
        assert len(lines[-2]) < 5000

    async def test_a_replica_sees_nothing_of_our_environment_but_what_it_needs(
        self, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("A_SECRET", "hunter2")
        program = script(tmp_path, "import os\nprint(sorted(os.environ))\n")
        async with removed_afterwards(make(program, 1.0)) as runtime, runtime.changes() as changes:
            (replica,) = await up(runtime, Color.GREEN)
            await next_of(changes, "die")
            (line,) = await runtime.logs(replica, tail=1)
        assert "'VERSION'" in line
        assert "'COLOR'" in line
        assert "A_SECRET" not in line

    async def test_a_replica_has_a_session_of_its_own(self, make: Make, tmp_path: Path) -> None:
        program = script(tmp_path, "import os\nprint(os.getsid(0) == os.getpid())\n")
        async with removed_afterwards(make(program, 1.0)) as runtime, runtime.changes() as changes:
            (replica,) = await up(runtime, Color.GREEN)
            await next_of(changes, "die")
            assert await runtime.logs(replica, tail=1) == ("True",)

    async def test_closing_ends_every_replica(self, make: Make, tmp_path: Path) -> None:
        program = script(tmp_path, "import os, time\nprint(os.getpid())\ntime.sleep(60)\n")
        runtime = make(program, 10.0)
        replicas = [*await up(runtime, Color.BLUE), *await up(runtime, Color.GREEN, replicas=2)]

        async def all_started() -> bool:
            return all([await runtime.logs(replica, tail=1) for replica in replicas])

        await until(all_started)
        pids = [int((await runtime.logs(replica, tail=1))[0]) for replica in replicas]
        await runtime.close()
        await runtime.close()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    async def test_the_narrated_command_runs_the_same_release_by_hand(self, runtime: Runtime) -> None:
        await runtime.start(Color.GREEN, await runtime.pull("app@never-ready"), replicas=1)
        (command,) = runtime.narration()
        assert command.startswith("env ")
        assert " FAULT=never-ready " in command
        assert command.endswith(" -m app")

    async def test_what_a_replica_uses_is_compared_with_the_sample_before(self, make: Make, tmp_path: Path) -> None:
        program = script(tmp_path, "print('busy')\nwhile True: pass\n")
        async with removed_afterwards(make(program, 1.0)) as made:
            runtime = cast("LocalRuntime", made)
            (replica,) = await up(runtime, Color.GREEN)
            assert (await runtime.stats(replica)).cpu_percent is None

            async def busy() -> bool:
                return ((await runtime.stats(replica)).cpu_percent or 0) > 1

            await until(busy)
            assert (await runtime.stats(replica)).memory_bytes > 1_000_000
            await runtime.stop(Color.GREEN)
            with pytest.raises(RuntimeFailedError, match="does not run"):
                await runtime.stats(replica)
            await runtime.remove(Color.GREEN)
            with pytest.raises(RuntimeFailedError, match="removed"):
                await runtime.stats(replica)
