from __future__ import annotations

import socket

import pytest

from tests.support import ports as module
from tests.support.ports import Ports


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> range:
    """Three ports are all there are."""
    first = _consecutive(3)
    monkeypatch.setattr(module, "LOWEST", first)
    monkeypatch.setattr(module, "HIGHEST", first + 3)
    return range(first, first + 3)


def _consecutive(count: int) -> int:
    """The first of so many neighbours that are all free, at this end of the machine's ports where nobody looks."""
    for first in range(15_000, 19_000, count):
        probe = Ports()
        try:
            if all(probe._mark(port) for port in range(first, first + count)):
                return first
        finally:
            probe.close()
    raise AssertionError("no free neighbours")


def test_a_port_is_given_once_whoever_asks_and_again_when_it_was_given_back(few: range) -> None:
    mine, another = Ports(), Ports()
    try:
        got = [*mine.reserve(2), *another.reserve(1)]
        assert sorted(got) == list(few)
        with pytest.raises(AssertionError, match="no free port"):
            another.reserve(1)
        mine.close()
        assert set(another.reserve(2)) == set(got[:2])
    finally:
        mine.close()
        another.close()


def test_one_that_somebody_listens_on_is_not_given_and_a_given_one_can_be_listened_on(few: range) -> None:
    ports = Ports()
    try:
        with socket.create_server(("127.0.0.1", few[1])):
            got = ports.reserve(2)
            assert sorted(got) == [few[0], few[2]]
            socket.create_server(("127.0.0.1", got[0])).close()
    finally:
        ports.close()
