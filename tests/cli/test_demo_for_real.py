"""`rollout demo` as its user runs it: real replicas, a real nginx, the real engine, one process to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from console.cli.plain import from_plain
from console.cli.render.receipt_junit import receipt_junit
from console.model.receipt import Receipt

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 150.0


@contextmanager
def demo(directory: Path, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that has begun; whatever it started is gone afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLLOUT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "console.cli.main", "demo", "--headless", *argv],
        cwd=directory,
        env=environment | {"PYTHONPATH": str(ROOT), "TMPDIR": str(directory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=DEADLINE)


def started_below(directory: Path) -> list[str]:
    """Processes that still name this directory: what a demo must not leave behind."""
    lines = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(directory) in line:
            lines.append(line)
    return lines


def test_two_deploys_on_the_embedded_stack_and_a_receipt(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "2", "--replicas", "2") as process:
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert out.startswith("receipt 2: deploy of demo")
    assert err.count("done    read back: ") == 2
    assert err.count("load: 0 dropped / ") == 2
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert started_below(tmp_path) == []


def test_the_demo_as_data_is_one_object_a_line_and_its_receipt_renders(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "1", "--json") as process:
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    documents = [json.loads(line) for line in out.splitlines()]
    assert documents[0]["type"] == "rollout_started"
    assert [document["v"] for document in documents] == [1] * len(documents)
    receipt = from_plain(Receipt, documents[-1]["receipt"])
    assert receipt.result == "done"
    assert receipt.load is not None
    assert (receipt.load.rate, receipt.load.dropped) == (200.0, 0)
    assert ET.fromstring(receipt_junit(receipt)).get("failures") == "0"


def test_a_kept_demo_serves_until_interrupted(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "1", "--keep") as process:
        assert process.stderr is not None
        while "it goes on serving at " not in (line := process.stderr.readline()):
            assert process.poll() is None, "it ended"
        url = line.split("serving at ")[1].split()[0]
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert started_below(tmp_path) == []


def test_a_demo_that_is_terminated_while_it_comes_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        while not any(tmp_path.iterdir()):
            assert process.poll() is None, "it ended before it made anything"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert started_below(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_safely_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--deploys", "50") as process:
        assert process.stderr is not None
        while "done    read back: " not in process.stderr.readline():
            assert process.poll() is None, "it ended before its first cutover"
        process.send_signal(number)
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130, err
    assert f"{number.name}: ending safely" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert started_below(tmp_path) == []
