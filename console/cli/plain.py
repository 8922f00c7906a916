"""From plain JSON back to frozen dataclasses, by their annotations. Fields of later versions are ignored."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar

T = TypeVar("T")


def from_plain(cls: type[T], data: object) -> T:
    """The dataclass behind the dictionary that `dataclasses.asdict` and JSON made of it.

    Raises:
        TypeError, ValueError: a field is missing or of a wrong type; the message names it.
    """
    if not isinstance(data, Mapping):
        raise TypeError(f"an object was expected, not {type(data).__name__}")
    values: dict[str, Any] = {}
    for name, annotation in typing.get_type_hints(cls).items():
        if name in data:
            try:
                values[name] = _value(annotation, data[name])
            except (TypeError, ValueError) as error:
                raise type(error)(f"{name}: {error}") from error
    return cls(**values)


def _value(annotation: Any, value: object) -> object:  # noqa: ANN401, PLR0911 - annotations are any; one branch a shape
    if isinstance(annotation, UnionType):
        members = typing.get_args(annotation)
        if value is None and NoneType in members:
            return None
        return _value(next(member for member in members if member is not NoneType), value)
    if typing.get_origin(annotation) is tuple:
        return _tuple(typing.get_args(annotation), value)
    if is_dataclass(annotation):
        return from_plain(typing.cast("type[object]", annotation), value)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation(value)
    if annotation is float and type(value) in {int, float}:
        return float(typing.cast("float", value))
    if type(value) is annotation:
        return value
    raise TypeError(f"{getattr(annotation, '__name__', annotation)} was expected, not {value!r:.80}")


def _tuple(members: tuple[Any, ...], value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list was expected, not {type(value).__name__}")
    kinds = [members[0]] * len(value) if members[1:] == (Ellipsis,) else list(members)
    return tuple(_value(kind, item) for kind, item in zip(kinds, value, strict=True))
