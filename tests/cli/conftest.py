"""`rollout(...)` runs a command line in this process over a scripted backend."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.cli.main import main
from tests.cli.fakes import FakeBackend, Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One command line and what came of it."""

    code: int
    out: str
    err: str
    backend: FakeBackend

    @property
    def documents(self) -> list[dict[str, object]]:
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> dict[str, object]:
        """The one JSON document of stdout."""
        (found,) = self.documents
        return found


Rollout = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time  # noqa: PLC0415 - only here

    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A rollout leaves signals unheard until its process ends, which is the tests' own here."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def rollout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Rollout:
    def run(*argv: str, script: Script | None = None) -> Ran:
        capfd.readouterr()
        backend = FakeBackend(tmp_path, script)
        code = main(list(argv), environ={}, backend=backend)
        out, err = capfd.readouterr()
        return Ran(code=code, out=out, err=err, backend=backend)

    return run
