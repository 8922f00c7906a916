"""The load generator's messages and commands as lines of JSON, each with its version and its type.

    {"v":2,"type":"snapshot","sequence":7,...}

The types are those of `console.model.load`. Enumerations are written as their values, bytes as base64, mappings as
lists of pairs, histograms packed. Reading is strict: a line of another version, of an unknown type, with an unknown or
a missing field or a value of a wrong type raises `WireError`.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import types
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from functools import cache
from math import isfinite
from operator import itemgetter
from typing import Union, cast, get_args, get_origin, get_type_hints

from console.model.histogram import Histogram
from console.model.load import (
    PROTOCOL_VERSION,
    Command,
    LoadConfig,
    Message,
    PhaseStamped,
    Refused,
    SetPhase,
    SetRate,
    Snapshot,
    Started,
    Stop,
    Summary,
)

_NAMES: dict[type, str] = {
    Started: "started",
    PhaseStamped: "phase-stamped",
    Refused: "refused",
    Snapshot: "snapshot",
    Summary: "summary",
    LoadConfig: "config",
    SetRate: "set-rate",
    SetPhase: "set-phase",
    Stop: "stop",
}
_TYPES = {name: kind for kind, name in _NAMES.items()}


_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_from_json = json.JSONDecoder().raw_decode


class WireError(ValueError):
    """A line that is not one of ours."""


def encode(value: Message | Command | LoadConfig) -> bytes:
    """One line, with its line feed."""
    body = {"v": PROTOCOL_VERSION, "type": _NAMES[type(value)], **cast("dict[str, object]", _plain(value))}
    return _to_json(body).encode() + b"\n"


def decode_message(line: bytes) -> Message:
    """What the generator wrote. Raises `WireError`."""
    value = _decode(line)
    if isinstance(value, Started | PhaseStamped | Refused | Snapshot | Summary):
        return value
    raise WireError(f"{_NAMES[type(value)]!r} is not a message of the generator")


def decode_command(line: bytes) -> Command:
    """What the supervisor asked for. Raises `WireError`."""
    value = _decode(line)
    if isinstance(value, SetRate | SetPhase | Stop):
        return value
    raise WireError(f"{_NAMES[type(value)]!r} is not a command")


def decode_config(line: bytes) -> LoadConfig:
    """The first line that the generator reads. Raises `WireError`."""
    value = _decode(line)
    if isinstance(value, LoadConfig):
        return value
    raise WireError(f"{_NAMES[type(value)]!r} is not a configuration")


def _decode(line: bytes) -> object:
    try:
        text = line.decode().rstrip()
        body, end = _from_json(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a line of JSON: {error}") from error
    if end != len(text):
        raise WireError("more than one value on a line")
    if not isinstance(body, dict):
        raise WireError("not an object")
    version = body.pop("v", None)
    if version != PROTOCOL_VERSION:
        raise WireError(f"version {version!r}, expected {PROTOCOL_VERSION}")
    name = body.pop("type", None)
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise WireError(f"unknown type {name!r}")
    return _reader(kind)(body)


_Writer = Callable[[object], object]


def _writer(kind: type) -> _Writer | None:
    """What turns the values of a class into plain JSON, made once for each class; None where they are that already."""
    if kind in _WRITERS:
        return _WRITERS[kind]
    writer: _Writer | None
    if issubclass(kind, bool | int | float | types.NoneType) or kind is str:
        writer = None
    elif issubclass(kind, str):
        writer = str
    elif issubclass(kind, Histogram):
        writer = cast("_Writer", Histogram.packed)
    elif issubclass(kind, tuple):
        writer = _plain_list
    elif issubclass(kind, frozenset):
        writer = cast("_Writer", sorted)
    elif issubclass(kind, bytes):
        writer = _base64
    elif issubclass(kind, Mapping):
        writer = _pairs
    elif dataclasses.is_dataclass(kind):
        writer = _dataclass_writer(kind)
    else:
        raise TypeError(f"no way to write a {kind.__name__}")
    _WRITERS[kind] = writer
    return writer


_WRITERS: dict[type, _Writer | None] = {}


def _plain(value: object) -> object:
    writer = _writer(type(value))
    return value if writer is None else writer(value)


def _dataclass_writer(kind: type) -> _Writer:
    names = tuple(field.name for field in dataclasses.fields(kind))
    known = _WRITERS

    def write(value: object) -> object:
        body: dict[str, object] = {}
        for name in names:
            item = getattr(value, name)
            of = type(item)
            writer = known[of] if of in known else _writer(of)
            body[name] = item if writer is None else writer(item)
        return body

    return write


def _plain_list(value: object) -> object:
    return [_plain(item) for item in cast("tuple[object, ...]", value)]


def _pairs(value: object) -> object:
    return [[_plain(key), _plain(item)] for key, item in cast("Mapping[object, object]", value).items()]


def _base64(value: object) -> object:
    return base64.b64encode(cast("bytes", value)).decode()


_Reader = Callable[[object], object]


def _reader(hint: object) -> _Reader:
    return _cached_reader(hint)


@cache
def _cached_reader(hint: Hashable) -> _Reader:  # noqa: PLR0911 - one return for each kind of type
    """What turns plain JSON into a value of a type; made once for each type."""
    origin, args = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    if origin in {Union, types.UnionType}:
        return _optional_reader(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return _tuple_reader(args)
    if origin is frozenset:
        item = _reader(args[0])
        return lambda value: frozenset(item(one) for one in _list(value))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(_reader(args[0]), _reader(args[1]))
    if hint is Histogram:
        return _read_histogram
    if hint is bytes:
        return _read_bytes
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_reader(hint)
    if hint in {bool, int, float, str} and isinstance(hint, type):
        return _scalar_reader(hint)
    raise TypeError(f"no way to read {hint!r}")


def _dataclass_reader(kind: type) -> _Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}
    by_type = {of: tuple(name for name in readers if hints[name] is of) for of in (int, str, float)}
    plain = [(itemgetter(*names, names[0]), {of}, of is float) for of, names in by_type.items() if names]
    composed = [(name, reader) for name, reader in readers.items() if hints[name] not in by_type]

    def read(value: object) -> object:
        if not isinstance(value, dict) or value.keys() != readers.keys():
            raise WireError(f"not the fields of {kind.__name__}")
        # All plain values of a type are looked at in one go; what is not as expected, its own reader judges.
        for values_of, types_of, floats in plain:
            values = values_of(value)
            if set(map(type, values)) != types_of or (floats and not all(map(isfinite, values))):
                return kind(**{name: reader(value[name]) for name, reader in readers.items()})
        for name, reader in composed:
            value[name] = reader(value[name])
        return kind(**value)

    return read


def _optional_reader(item: object) -> _Reader:
    reader = _reader(item)
    return lambda value: None if value is None else reader(value)


def _tuple_reader(args: tuple[object, ...]) -> _Reader:
    if args[-1] is Ellipsis:
        reader = _reader(args[0])
        return lambda value: tuple([reader(one) for one in _list(value)]) if value != [] else ()
    readers = [_reader(arg) for arg in args]

    def read(value: object) -> object:
        items = _list(value)
        if len(items) != len(readers):
            raise WireError(f"{len(items)} items where {len(readers)} belong")
        return tuple(reader(one) for reader, one in zip(readers, items, strict=True))

    return read


def _mapping_reader(key: _Reader, item: _Reader) -> _Reader:
    def read(value: object) -> object:
        if value == []:
            return {}
        pairs = [_list(pair) for pair in _list(value)]
        if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a pair
            raise WireError("a mapping is a list of pairs")
        return {key(pair[0]): item(pair[1]) for pair in pairs}

    return read


def _enum_reader(kind: type[StrEnum]) -> _Reader:
    members = {str(member.value): member for member in kind}

    def read(value: object) -> object:
        if not isinstance(value, str) or value not in members:
            raise WireError(f"{value!r} is no {kind.__name__}")
        return members[value]

    return read


def _scalar_reader(kind: type) -> _Reader:
    def read(value: object) -> object:
        if kind is float and (type(value) is int or (type(value) is float and isfinite(value))):
            return float(value)
        if type(value) is kind and kind is not float:
            return value
        raise WireError(f"{value!r} is no {kind.__name__}")

    return read


def _read_histogram(value: object) -> Histogram:
    numbers = _list(value)
    if list(map(type, numbers)).count(int) != len(numbers):
        raise WireError("a packed histogram holds whole numbers")
    try:
        return Histogram.unpacked(cast("list[int]", numbers))
    except ValueError as error:
        raise WireError(str(error)) from error


def _read_bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise WireError(f"{value!r} is no base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"not base64: {error}") from error


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise WireError(f"{value!r} is no list")
    return value
