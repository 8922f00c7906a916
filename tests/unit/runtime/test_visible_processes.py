from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from console.adapters.runtime.visible_processes import VisibleProcesses
from console.ports.proxy_host import Process

ID = "ab" * 32
MASTER = "nginx: master process nginx -g daemon off;"


def machine(root: Path, group: str, folder: str, *pids: int) -> None:
    """The files by which a kernel shows a container whose first process is 40."""
    members = root / "sys/fs/cgroup" / folder
    members.mkdir(parents=True, exist_ok=True)
    (members / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    process(root, 40, 7, MASTER)
    (root / "proc/40/cgroup").write_text(group)


def process(root: Path, pid: int, parent: int, title: str) -> None:
    folder = root / "proc" / str(pid)
    (folder / "net").mkdir(parents=True, exist_ok=True)
    (folder / "cmdline").write_bytes(title.replace(" ", "\0").encode() + b"\0\0")
    (folder / "stat").write_text(f"{pid} (nginx :) odd) S {parent} 1 1 0 -1\n")
    (folder / "net" / "tcp").write_text(f"table of {pid}")


@pytest.mark.parametrize(
    ("group", "folder"),
    [
        (f"0::/system.slice/docker-{ID}.scope\n", f"system.slice/docker-{ID}.scope"),
        (f"12:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/\n", f"systemd/docker/{ID}"),
        (f"12:pids:/docker/{ID}\n", f"pids/docker/{ID}"),
        (f"1:name=systemd:/\n0::/docker/{ID}\n", f"unified/docker/{ID}"),
    ],
)
def test_a_containers_processes_are_its_control_groups(tmp_path: Path, group: str, folder: str) -> None:
    machine(tmp_path, group, folder, 42, 40, 41, 41)
    process(tmp_path, 41, 40, "nginx: worker process is shutting down")
    process(tmp_path, 42, 40, "nginx: worker process")
    seen = VisibleProcesses.find(ID, 40, root=tmp_path)
    assert seen is not None
    assert seen.read() == (
        Process(pid=40, parent=7, title=MASTER),
        Process(pid=41, parent=40, title="nginx: worker process is shutting down"),
        Process(pid=42, parent=40, title="nginx: worker process"),
    )


def test_a_process_that_ended_while_the_others_were_read_is_left_out(tmp_path: Path) -> None:
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 40, 41, 42)
    process(tmp_path, 42, 40, "")
    seen = VisibleProcesses.find(ID, 40, root=tmp_path)
    assert seen is not None
    assert seen.read() == (Process(pid=40, parent=7, title=MASTER),)


def test_the_network_is_that_of_the_container_and_nothing_else_is_read(tmp_path: Path) -> None:
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 40)
    seen = VisibleProcesses.find(ID, 40, root=tmp_path)
    assert seen is not None
    assert seen.read_network(PurePosixPath("/proc/net/tcp")) == "table of 40"
    assert seen.read_network(PurePosixPath("/proc/net/none")) is None
    assert seen.read_network(PurePosixPath("/etc/passwd")) is None


def test_a_container_that_is_gone_is_for_the_engine_to_tell(tmp_path: Path) -> None:
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 40)
    seen = VisibleProcesses.find(ID, 40, root=tmp_path)
    assert seen is not None
    seen.members.write_text("")
    assert seen.read() is None
    seen.members.unlink()
    assert seen.read() is None
    assert seen.read_network(PurePosixPath("/proc/net/tcp")) is None


def test_processes_of_another_machine_or_process_table_are_never_taken_for_the_containers(tmp_path: Path) -> None:
    assert VisibleProcesses.find(ID, 40, root=tmp_path) is None
    assert VisibleProcesses.find(ID, os.getpid()) is None
    machine(tmp_path, f"0::/docker/{'cd' * 32}\n", f"docker/{'cd' * 32}", 40)
    assert VisibleProcesses.find(ID, 40, root=tmp_path) is None
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 41)
    assert VisibleProcesses.find(ID, 40, root=tmp_path) is None
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 40, 0)
    assert VisibleProcesses.find(ID, 40, root=tmp_path) is None


def test_groups_within_the_containers_group_are_left_to_the_engine(tmp_path: Path) -> None:
    machine(tmp_path, f"0::/docker/{ID}\n", f"docker/{ID}", 40)
    (tmp_path / "sys/fs/cgroup/docker" / ID / "inner").mkdir()
    assert VisibleProcesses.find(ID, 40, root=tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_real_process_reads_as_ps_shows_it(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, start_new_session=True) as child:
        try:
            members = tmp_path / "cgroup.procs"
            members.write_text(f"{child.pid}\n")
            seen = VisibleProcesses(members=members, proc=Path("/proc"))
            until = time.monotonic() + 10
            while seen.read() is None and time.monotonic() < until:
                time.sleep(0.01)  # between fork and exec it has no title yet
            assert seen.read() == (Process(pid=child.pid, parent=os.getpid(), title="sleep 60"),)
            assert "local_address" in (seen.read_network(PurePosixPath("/proc/net/tcp")) or "")
        finally:
            child.kill()
