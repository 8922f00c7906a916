"""Readiness, faults and quiet, on a clock of the test's own."""

from __future__ import annotations

import pytest

from console.demo.app.lifecycle import Lifecycle
from console.demo.app.settings import Fault, Settings


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_it_is_not_ready_before_its_warm_up_has_passed(watch: Watch) -> None:
    lifecycle = Lifecycle(Settings(warmup=2.0), now=watch)
    assert lifecycle.not_ready == "warming up"
    watch.time += 2.0
    assert lifecycle.not_ready == ""


def test_it_is_not_ready_any_more_once_it_drains(watch: Watch) -> None:
    lifecycle = Lifecycle(Settings(), now=watch)
    lifecycle.drain()
    assert lifecycle.not_ready == "draining"


def served(lifecycle: Lifecycle, *, probe: bool = False) -> None:
    lifecycle.begin()
    lifecycle.end(probe=probe)


def test_a_fault_without_a_time_shows_at_once(watch: Watch) -> None:
    assert Lifecycle(Settings(fault=Fault.SLOW), now=watch).fault is Fault.SLOW


def test_a_late_fault_shows_its_time_after_the_first_request_of_a_user(watch: Watch) -> None:
    lifecycle = Lifecycle(Settings(fault=Fault.NEVER_READY, fault_after=5.0), now=watch)
    served(lifecycle, probe=True)
    watch.time += 3600.0
    assert (lifecycle.fault, lifecycle.used.is_set()) == (Fault.NONE, False)
    served(lifecycle)
    watch.time += 4.0
    served(lifecycle)
    assert (lifecycle.fault, lifecycle.not_ready) == (Fault.NONE, "")
    watch.time += 1.0
    assert (lifecycle.fault, lifecycle.not_ready) == (Fault.NEVER_READY, "never ready")


def test_it_is_quiet_since_the_last_request_of_a_user_ended(watch: Watch) -> None:
    lifecycle = Lifecycle(Settings(), now=watch)
    lifecycle.begin()
    watch.time += 3.0
    assert lifecycle.quiet == 0.0
    lifecycle.end(probe=False)
    watch.time += 0.25
    assert lifecycle.quiet == 0.25


def test_a_probe_does_not_disturb_the_quiet(watch: Watch) -> None:
    lifecycle = Lifecycle(Settings(), now=watch)
    lifecycle.begin()
    lifecycle.end(probe=True)
    assert lifecycle.quiet > 3600
    assert lifecycle.in_flight == 0
