from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.histogram import Histogram
from console.model.load import (
    Arrivals,
    Attempt,
    EndReason,
    Failure,
    FailureKind,
    Group,
    LoadConfig,
    NotSent,
    PhaseCounts,
    PhaseStamped,
    Refused,
    Retry,
    SetPhase,
    SetRate,
    Snapshot,
    Stage,
    Started,
    Stop,
    Totals,
)
from console.model.load_totals import LISTED_FAILURES, LoadSum, merged
from console.model.load_wire import WireError, decode_command, decode_config, decode_message, encode


def _histogram(values: list[float]) -> Histogram:
    histogram = Histogram()
    histogram.record_all(values)
    return histogram


texts = st.text(max_size=20)
counts = st.integers(0, 10**9)
seconds = st.floats(0, 1e6)
histograms = st.lists(st.floats(0, 100), max_size=20).map(_histogram)
attempts = st.builds(
    Attempt, kind=st.sampled_from(FailureKind), stage=st.sampled_from(Stage), reused=st.booleans(), retry=st.booleans()
)
failures = st.builds(
    Failure,
    at=seconds,
    phase=texts,
    attempt=attempts,
    status=st.none() | st.integers(100, 599),
    age=seconds,
    release=texts,
    last_release=texts,
    retry=st.sampled_from(Retry),
    detail=texts,
)
names = st.sampled_from(["", "watch", "drain"])
groups = st.builds(
    Group,
    phase=names,
    release=st.sampled_from(["v1", "v2"]),
    color=st.sampled_from(["blue", "green"]),
    ok=counts,
    unexpected=counts,
    dropped=counts,
    recovered=counts,
    slow=counts,
    statuses=st.dictionaries(st.integers(100, 599), st.integers(1, 99), max_size=4),
    attempts=st.dictionaries(attempts, st.integers(1, 99), max_size=4).map(lambda counts: tuple(counts.items())),
    latency=histograms,
    service=histograms,
)
phases = st.builds(
    PhaseCounts, phase=names, due=counts, not_sent=st.dictionaries(st.sampled_from(NotSent), st.integers(1, 99))
)
snapshots = st.builds(
    Snapshot,
    sequence=counts,
    at=seconds,
    elapsed=seconds,
    window=seconds,
    target_rate=seconds,
    totals=st.builds(Totals, due=counts, ok=counts, dropped=counts),
    phases=st.lists(phases, max_size=3).map(tuple),
    groups=st.lists(groups, max_size=3).map(tuple),
    failures=st.lists(failures, max_size=5).map(tuple),
    failures_omitted=counts,
    lag=histograms,
    cpu=seconds,
    open_connections=counts,
    ended=st.none() | st.sampled_from(EndReason),
)


@given(snapshots)
def test_a_snapshot_comes_through_the_pipe_as_it_went_in(snapshot: Snapshot) -> None:
    line = encode(snapshot)
    assert line.count(b"\n") == 1
    assert decode_message(line) == snapshot


@pytest.mark.parametrize(
    "message",
    [
        Started(url="http://x/", address="127.0.0.1:80", pid=1, at=1.5, loop="asyncio"),
        PhaseStamped(phase="watch", at=2.5),
        Refused(problem="no \u2028 line\nbreaks"),
    ],
)
def test_every_message_comes_through(message: Started | PhaseStamped | Refused) -> None:
    assert decode_message(encode(message)) == message


@pytest.mark.parametrize("command", [SetRate(rate=3), SetPhase(phase="drain"), Stop()])
def test_every_command_comes_through(command: SetRate | SetPhase | Stop) -> None:
    assert decode_command(encode(command)) == command


def test_a_configuration_comes_through_with_every_byte_of_its_body() -> None:
    config = LoadConfig(
        url="http://127.0.0.1/",
        rate=10,
        duration=None,
        arrivals=Arrivals.POISSON,
        headers=(("Authorization", "Bearer \u00e9"), ("X", "")),
        body=bytes(range(256)),
        expect=frozenset({404, 503}),
    )
    assert decode_config(encode(config)) == config


def _lines() -> list[bytes]:
    good = json.loads(encode(SetRate(rate=1)))
    return [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({**good, "v": 1}).encode(),
        json.dumps({**good, "type": "unheard-of"}).encode(),
        json.dumps({**good, "type": ["set-rate"]}).encode(),
        json.dumps({**good, "more": 1}).encode(),
        json.dumps({**good, "rate": "1"}).encode(),
        json.dumps({**good, "rate": True}).encode(),
        json.dumps({**good, "rate": float("nan")}).encode(),
        encode(SetRate(rate=1.5)).replace(b"1.5", b"1e999"),
        json.dumps({key: value for key, value in good.items() if key != "rate"}).encode(),
        encode(Refused(problem="a message is no command")),
    ]


@pytest.mark.parametrize("line", _lines())
def test_a_line_that_is_not_ours_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        decode_command(line)


@given(st.lists(snapshots, max_size=6))
def test_the_sum_of_snapshots_does_not_depend_on_the_pipe(listed: list[Snapshot]) -> None:
    here, there = LoadSum(), LoadSum()
    for snapshot in listed:
        here.add(snapshot)
        message = decode_message(encode(snapshot))
        assert isinstance(message, Snapshot)
        there.add(message)
    assert (here.groups, here.phases, here.lag, list(here.failures)) == (
        there.groups,
        there.phases,
        there.lag,
        list(there.failures),
    )
    assert merged(here.groups).dropped == sum(group.dropped for one in listed for group in one.groups)
    assert merged(here.groups).latency.total == sum(g.latency.total for one in listed for g in one.groups)
    assert sum(phase.due for phase in here.phases) == sum(phase.due for one in listed for phase in one.phases)


def test_the_list_of_failures_is_bounded_and_says_what_it_leaves_out() -> None:
    failure = Failure(
        at=0.0,
        phase="",
        attempt=Attempt(kind=FailureKind.EOF, stage=Stage.FIRST_BYTE, reused=True),
        status=None,
        age=0.0,
        release="",
        last_release="",
        retry=Retry.FAILED,
    )
    total = LoadSum()
    for number in range(1, 12):
        total.add(
            Snapshot(
                sequence=number,
                at=0,
                elapsed=0,
                window=0.1,
                target_rate=1,
                totals=Totals(),
                failures=(failure,) * 50,
                failures_omitted=3,
            )
        )
    assert len(total.failures) == LISTED_FAILURES
    assert len(total.failures) + total.failures_omitted == 11 * 53
