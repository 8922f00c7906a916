"""Which color is active, which one really answers, and when the three values disagree."""

from __future__ import annotations

import itertools

import pytest

from console.model.color import Color
from console.model.observed import Live, Observed, Replica, ReplicaState, Upstream, UpstreamObserved, Worker

BLUE, GREEN = Color.BLUE, Color.GREEN
AT = {BLUE: "10.0.0.1:8000", GREEN: "10.0.0.2:8000"}
STRANGER = "10.0.0.99:8000"


def replica(color: Color, *, running: bool = True) -> Replica:
    return Replica(
        id=color.value,
        name=color.value,
        color=color,
        state=ReplicaState.RUNNING if running else ReplicaState.EXITED,
        address=AT[color],
    )


def observed(  # noqa: PLR0913 - one for each thing that can be seen
    *,
    state: Color | None = None,
    file: Color | None = None,
    live: Color | None = None,
    served: str | None = None,
    visible: bool = True,
    running: tuple[Color, ...] = (BLUE, GREEN),
) -> Observed:
    configured = None if file is None else Upstream(generation=2, color=file, servers=("app:8000",))
    seen = Live(generation=0 if live is None else 2, color=live, served=served) if visible else None
    return Observed(
        recorded=state,
        replicas=tuple(replica(color, running=color in running) for color in Color),
        upstream=UpstreamObserved(configured=configured, live=seen, problem="" if visible else "gone"),
    )


@pytest.mark.parametrize(
    ("seen", "active"),
    [
        (observed(state=BLUE, file=BLUE, live=BLUE, served=AT[GREEN]), GREEN),
        (observed(state=BLUE, file=BLUE, live=GREEN), GREEN),
        (observed(state=BLUE, file=BLUE, live=GREEN, served=STRANGER), GREEN),
        (observed(state=GREEN, file=GREEN, live=GREEN, served=AT[BLUE]), BLUE),
        (observed(state=BLUE, file=GREEN, visible=False), GREEN),
        (observed(state=GREEN, visible=False), GREEN),
        (observed(visible=False), BLUE),
        (observed(), BLUE),
        (observed(served=AT[GREEN]), GREEN),
    ],
)
def test_what_really_answers_goes_first_then_the_live_proxy_the_file_the_record_and_blue(
    seen: Observed, active: Color
) -> None:
    assert seen.active is active
    assert seen.idle is active.other


@pytest.mark.parametrize("state", [None, BLUE, GREEN])
def test_a_proxy_that_runs_without_a_generated_file_sends_to_blue_whatever_was_written_meanwhile(
    state: Color | None,
) -> None:
    seen = observed(state=state, file=GREEN, live=None, served=None)
    assert seen.active is BLUE


def test_served_is_told_by_the_address_of_a_running_replica() -> None:
    assert observed(served=AT[GREEN]).served is GREEN
    assert observed(served=AT[GREEN], running=(BLUE,)).served is None
    assert observed(served=STRANGER).served is None
    assert observed(served=None).served is None
    assert observed(visible=False).served is None


def test_a_replica_without_an_address_serves_nobody() -> None:
    nameless = Replica(id="1", name="1", color=GREEN, state=ReplicaState.RUNNING, address=None)
    seen = Observed(recorded=None, replicas=(nameless,), upstream=UpstreamObserved(configured=None, live=None))
    assert seen.color_at(None) is None
    assert seen.running(GREEN) == (nameless,)


EVERY = [None, BLUE, GREEN]


@pytest.mark.parametrize(("state", "file", "serving"), list(itertools.product(EVERY, EVERY, EVERY)))
def test_drift_names_the_three_values_unless_they_agree(
    state: Color | None, file: Color | None, serving: Color | None
) -> None:
    seen = observed(
        state=state,
        file=file,
        live=serving,
        served=None if serving is None else AT[serving],
        visible=serving is not None,
    )
    named = (
        state.value if state else "missing",
        file.value if file else "missing",
        serving.value if serving else "unknown",
    )
    agree = file is serving and serving is not None and state in {serving, None}
    # No generated file is the state of a stack that never had a cutover: blue serves, recorded or not, or nobody yet.
    fresh = file is None and ((serving is BLUE and state is BLUE) or (serving is not GREEN and state is None))
    assert seen.drift == (None if agree or fresh else named)


def test_a_file_that_vanished_while_green_serves_is_drift() -> None:
    assert observed(state=GREEN, file=None, live=GREEN, served=AT[GREEN]).drift == ("green", "missing", "green")


@pytest.mark.parametrize("color", list(Color))
def test_a_proxy_that_runs_without_a_generated_file_is_no_drift_whichever_color_it_is_set_up_for(color: Color) -> None:
    assert observed(state=None, file=None, live=None, served=AT[color]).drift is None


def test_a_generation_of_one_color_that_is_answered_by_the_other_is_drift() -> None:
    assert observed(state=BLUE, file=BLUE, live=BLUE, served=AT[GREEN]).drift == ("blue", "blue", "green")


def test_the_colors_are_each_others_other() -> None:
    assert [color.other for color in Color] == [GREEN, BLUE]


def test_only_workers_that_do_not_retire_accept() -> None:
    workers = (Worker(pid=1, retiring=False), Worker(pid=2, retiring=True))
    assert UpstreamObserved(configured=None, live=None, workers=workers).accepting == {1}
