"""Records as JSON: what is written is read back, and what can't be read is left alone."""

from __future__ import annotations

import json
import typing
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.model.color import Color
from console.model.events import Event, Record, StepSucceeded, Warned
from console.model.phase import Phase
from console.model.record import UnreadableRecordError, decode, encode, type_name
from tests.support.events import STARTED

EVENTS: tuple[type[Event], ...] = typing.get_args(Event)
BOUNDED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHAPES: dict[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=30),
    int: st.integers(),
    bool: st.booleans(),
    float: FINITE,
    float | None: st.none() | FINITE,
    str | None: st.none() | st.text(max_size=30),
    int | None: st.none() | st.integers(),
    Color: st.sampled_from(Color),
    Color | None: st.none() | st.sampled_from(Color),
    Phase: st.sampled_from(Phase),
    tuple[str, ...]: st.lists(st.text(max_size=20), max_size=3).map(tuple),
}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: SHAPES[hints[field.name]] for field in fields(kind)})


def records_of(kind: type[Event]) -> st.SearchStrategy[Record]:
    return st.builds(
        Record,
        rollout=st.integers(min_value=0),
        sequence=st.integers(min_value=0),
        at=st.text(max_size=30),
        event=events_of(kind),
    )


CAREFUL = Warned(text="careful")


def written(event: Event = CAREFUL) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(encode(Record(rollout=3, sequence=9, at="now", event=event))))
    return data


@pytest.mark.parametrize("kind", EVENTS)
@BOUNDED
@given(data=st.data())
def test_every_event_is_read_back_as_it_was_written(kind: type[Event], data: st.DataObject) -> None:
    record = data.draw(records_of(kind))
    line = json.dumps(encode(record), ensure_ascii=False)
    assert decode(json.loads(line)) == record


def test_every_event_has_a_type_name_of_its_own() -> None:
    names = [type_name(kind) for kind in EVENTS]
    assert len(set(names)) == len(EVENTS)
    assert type_name(StepSucceeded) == "step_succeeded"


@pytest.mark.parametrize("kind", EVENTS)
def test_no_event_has_a_field_that_the_flat_record_needs_for_itself(kind: type[Event]) -> None:
    assert {field.name for field in fields(kind)}.isdisjoint({"v", "rollout", "seq", "at", "type"})


@pytest.mark.parametrize("kind", EVENTS)
@BOUNDED
@given(data=st.data())
def test_a_record_that_lost_a_needed_field_is_unreadable(kind: type[Event], data: st.DataObject) -> None:
    whole = encode(data.draw(records_of(kind)))
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    for name in ["rollout", "seq", "at", "type", "v", *needed]:
        with pytest.raises(UnreadableRecordError):
            decode({key: value for key, value in whole.items() if key != name})


def test_a_field_that_a_later_version_added_is_ignored() -> None:
    assert decode(written() | {"mood": "fine", "nested": {"a": [1]}}).event == Warned(text="careful")


def test_a_field_that_an_earlier_version_did_not_know_gets_its_default() -> None:
    data = written()
    del data["hint"]
    assert decode(data).event == Warned(text="careful", hint="")


@pytest.mark.parametrize("version", [0, 2, "1", None, [], 1.5])
def test_a_record_of_another_version_is_unreadable(version: object) -> None:
    with pytest.raises(UnreadableRecordError, match="version"):
        decode(written() | {"v": version})


@pytest.mark.parametrize("kind", ["", "unheard_of", "Warned", None, 7, [], {}])
def test_a_record_of_an_unknown_type_is_unreadable(kind: object) -> None:
    with pytest.raises(UnreadableRecordError, match="type"):
        decode(written() | {"type": kind})


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": 7},
        {"text": None},
        {"text": ["a"]},
        {"seq": "ninth"},
        {"seq": None},
        {"seq": 1.5},
        {"rollout": {}},
        {"rollout": True},
    ],
)
def test_a_field_of_a_wrong_type_makes_a_record_unreadable(wrong: dict[str, object]) -> None:
    with pytest.raises(UnreadableRecordError, match="warned"):
        decode(written() | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": "purple"},
        {"target": "BLUE"},
        {"target": 1},
        {"plan": "one line"},
        {"plan": None},
        {"pid": "7"},
        {"pid": True},
        {"fence": 1.0},
    ],
)
def test_a_color_a_number_and_a_list_are_checked_too(wrong: dict[str, object]) -> None:
    event = replace(STARTED, target=None, plan=("a",))
    assert decode(written(event)).event == event
    with pytest.raises(UnreadableRecordError):
        decode(written(event) | wrong)


@pytest.mark.parametrize("seconds", [True, "1", None, []])
def test_a_duration_is_a_number(seconds: object) -> None:
    with pytest.raises(UnreadableRecordError):
        decode(written(StepSucceeded(step="a", seconds=1.0, detail="")) | {"seconds": seconds})


def test_a_whole_number_is_a_duration_too() -> None:
    event = decode(written(StepSucceeded(step="a", seconds=1.0, detail="")) | {"seconds": 2}).event
    assert event == StepSucceeded(step="a", seconds=2.0, detail="")


@BOUNDED
@given(
    st.dictionaries(
        st.sampled_from(["v", "rollout", "seq", "at", "type", "text", "hint"]),
        st.none() | st.booleans() | st.integers() | FINITE | st.text(max_size=8) | st.lists(st.integers(), max_size=2),
    )
)
def test_nothing_else_than_unreadable_is_ever_raised(data: dict[str, object]) -> None:
    try:
        record = decode(data)
    except UnreadableRecordError:
        return
    assert isinstance(record, Record)
