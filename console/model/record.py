"""Records as plain data: `encode` for JSON, `decode` from it. Version 1.

A record is flat: `{"v": 1, "rollout": 17, "seq": 240, "at": "...", "type": "step_succeeded", ...}`, then the event's
own fields. Fields are only ever added; a reader ignores what it does not know, and a record of a later version is
skipped whole.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType

from console.model import events
from console.model.events import Event, Record

VERSION = 1


class UnreadableRecordError(ValueError):
    """A record that this version can't read: torn, foreign, or written by a later version."""


def type_name(kind: type[Event]) -> str:
    """The name of an event's type on the wire: `StepSucceeded` is `step_succeeded`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def encode(record: Record) -> dict[str, object]:
    """The record as a flat dictionary that `json.dumps` takes as it is."""
    event = record.event
    return {
        "v": VERSION,
        "rollout": record.rollout,
        "seq": record.sequence,
        "at": record.at,
        "type": type_name(type(event)),
    } | {field.name: getattr(event, field.name) for field in fields(event)}


def decode(data: Mapping[str, object]) -> Record:
    """The record behind a dictionary that `encode` made.

    Raises:
        UnreadableRecordError: a later version, an unknown type, or a field that is missing or of a wrong type.
    """
    if data.get("v") != VERSION:
        raise UnreadableRecordError(f"record of version {data.get('v')!r}")
    kind = data.get("type")
    cls = _classes().get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise UnreadableRecordError(f"record of type {kind!r}")
    types = _types(cls)
    try:
        values = {name: _value(data[name], types[name]) for name in types if name in data}
        event = cls(**values)
        return Record(
            rollout=int(str(data["rollout"])), sequence=int(str(data["seq"])), at=str(data["at"]), event=event
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRecordError(f"record of type {kind!r}: {error}") from error


@cache
def _classes() -> Mapping[str, type]:
    classes: tuple[type[Event], ...] = typing.get_args(events.Event)
    return {type_name(cls): cls for cls in classes}


@cache
def _types(cls: type) -> Mapping[str, object]:
    return typing.get_type_hints(cls)


def _value(value: object, annotation: object) -> typing.Any:  # noqa: ANN401 - one branch a shape
    if isinstance(annotation, UnionType):
        members = typing.get_args(annotation)
        if value is None and NoneType in members:
            return None
        return _value(value, next(member for member in members if member is not NoneType))
    if typing.get_origin(annotation) is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError(f"a list was expected, not {type(value).__name__}")
        return tuple(str(item) for item in value)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return annotation(str(value))
    if annotation is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(annotation, type) and type(value) is annotation:
        return value
    raise TypeError(f"{annotation} was expected, not {type(value).__name__}")
