from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path, PurePosixPath

import pytest

from console.adapters.proxy.process_host import ProcessHost
from console.model.errors import ProxyUnreachableError
from console.ports.proxy_host import OUTPUT_KEPT


@pytest.fixture
def host(tmp_path: Path) -> ProcessHost:
    file = tmp_path / "pid"
    file.write_text(f"{os.getpid()}\n")
    return ProcessHost(file)


async def test_a_command_gives_its_exit_code_and_its_printable_output(host: ProcessHost) -> None:
    program = "import sys; print('out\\x1b[0m'); print('err', file=sys.stderr); sys.exit(3)"
    result = await host.run((sys.executable, "-u", "-c", program), deadline=30)
    assert result.exit_code == 3
    assert result.output == "out[0m\nerr\n"


@pytest.mark.parametrize(("more", "whole"), [(0, True), (1, False)])
async def test_of_a_command_that_floods_only_a_part_is_kept(host: ProcessHost, *, more: int, whole: bool) -> None:
    program = f"print('a' * {OUTPUT_KEPT - 1 + more})"
    result = await host.run((sys.executable, "-c", program), deadline=30)
    assert (result.exit_code, len(result.output), result.whole) == (0, OUTPUT_KEPT, whole)


async def test_a_command_that_does_not_exist_is_unreachable(host: ProcessHost) -> None:
    with pytest.raises(ProxyUnreachableError, match="could not run /no/such/nginx"):
        await host.run(("/no/such/nginx", "-t"), deadline=5)


async def test_a_command_that_does_not_end_is_killed_at_its_deadline(host: ProcessHost, tmp_path: Path) -> None:
    note = tmp_path / "started"
    program = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(ProxyUnreachableError, match="no end after 2 s"):
        await host.run((sys.executable, "-c", program), deadline=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_cancelling_kills_the_command(host: ProcessHost, tmp_path: Path) -> None:
    note = tmp_path / "started"
    program = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(host.run((sys.executable, "-c", program), deadline=60))
    while not (note.exists() and note.read_text()):  # noqa: ASYNC110 - another process can't set an event
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_the_master_comes_first_and_its_children_after_it(host: ProcessHost) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    try:
        listed = await host.processes()
        assert listed[0].pid == os.getpid()
        assert (child.pid, os.getpid()) in [(process.pid, process.parent) for process in listed[1:]]
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
        assert child.stdin is not None
        child.stdin.close()


async def test_a_master_without_a_pid_file_or_a_process_is_unreachable(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(ProxyUnreachableError):
        await ProcessHost(file).processes()
    gone = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await gone.wait()
    file.write_text(str(gone.pid))
    with pytest.raises(ProxyUnreachableError, match="is gone"):
        await ProcessHost(file).processes()
    with pytest.raises(ProxyUnreachableError, match="is gone"):
        await ProcessHost(file).identity()


async def test_the_identity_is_the_process_not_its_number_alone(host: ProcessHost) -> None:
    identity = await host.identity()
    assert identity == await host.identity()
    assert identity.startswith(f"{os.getpid()}@")
    assert identity.partition("@")[2]


async def test_ports_are_their_own_address(host: ProcessHost) -> None:
    assert await host.published(9080) == "127.0.0.1:9080"
    assert await host.addresses() == ()


async def test_a_small_file_is_read(host: ProcessHost, tmp_path: Path) -> None:
    (tmp_path / "table").write_text("content")
    assert await host.read_text(PurePosixPath(tmp_path / "table")) == "content"
    with pytest.raises(OSError, match="No such file"):
        await host.read_text(PurePosixPath(tmp_path / "none"))
