from __future__ import annotations

import pytest

from console.adapters.proxy.workers import command_of, master_of, workers_of
from console.model.observed import Worker
from console.ports.proxy_host import Process

MASTER = Process(pid=10, parent=1, title="nginx: master process nginx -g daemon off;")


def worker(pid: int, *, retiring: bool = False) -> Process:
    return Process(pid=pid, parent=10, title="nginx: worker process" + (" is shutting down" if retiring else ""))


def test_a_worker_that_is_shutting_down_is_retiring() -> None:
    seen = workers_of((MASTER, worker(11, retiring=True), worker(12)))
    assert seen == (Worker(pid=11, retiring=True), Worker(pid=12, retiring=False))


def test_cache_processes_are_no_workers() -> None:
    assert workers_of((MASTER, Process(pid=13, parent=10, title="nginx: cache manager process"))) == ()


def test_a_worker_that_was_just_forked_counts_as_neither_worker_nor_master() -> None:
    forked = Process(pid=14, parent=10, title=MASTER.title)
    assert workers_of((forked, MASTER)) == ()
    assert master_of((forked, MASTER)) == MASTER


def test_the_master_is_found_behind_an_init_process() -> None:
    init = Process(pid=1, parent=0, title="/sbin/docker-init -- nginx -g daemon off;")
    assert master_of((init, MASTER, worker(11))) == MASTER


def test_without_a_master_there_is_none() -> None:
    assert master_of(()) is None


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("nginx -g daemon off;", ("nginx", "-g", "daemon off;")),
        ("nginx", ("nginx",)),
        ("/usr/sbin/nginx -c /a/b.conf", ("/usr/sbin/nginx", "-c", "/a/b.conf")),
        (
            "/opt/my nginx/nginx -p /a/ -c /a/b c.conf -e /log -g pid /x; daemon off;",
            ("/opt/my nginx/nginx", "-p", "/a/", "-c", "/a/b c.conf", "-e", "/log", "-g", "pid /x; daemon off;"),
        ),
        ("nginx -q -c /a.conf", ("nginx", "-c", "/a.conf")),
        ("nginx -c/a.conf", ("nginx", "-c", "/a.conf")),
        ("/srv/my-proxy/nginx -c /srv/a-c.conf", ("/srv/my-proxy/nginx", "-c", "/srv/a-c.conf")),
    ],
)
def test_a_command_uses_the_masters_own_flags(arguments: str, command: tuple[str, ...]) -> None:
    assert command_of(Process(pid=1, parent=0, title=f"nginx: master process {arguments}")) == command
