"""The load generator's messages and commands as lines of JSON, each with its version and its type.

    {"type":"snapshot","v":3,"sequence":7,...}

The types are those of `console.model.load`; `msgspec` writes and reads them. Bytes are written as base64, histograms
packed. Reading is strict: a line of another version or type, with an unknown field, or with a value of a wrong type
raises `WireError`. A field that has a default may be left out.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec import DecodeError
from msgspec.json import Decoder, Encoder

from console.model.histogram import Histogram
from console.model.load import Command, LoadConfig, Message
from console.model.load_verdict import NoData, Verdict

_Value = TypeVar("_Value")


class WireError(ValueError):
    """A line that is not one of ours."""


def encode(value: Message | Command | LoadConfig | NoData | Verdict) -> bytes:
    """One line, with its line feed."""
    return _to_json(value) + b"\n"


def decode_message(line: bytes) -> Message:
    """What the generator wrote. Raises `WireError`."""
    return _decoded(_messages, line)


def decode_command(line: bytes) -> Command:
    """What the supervisor asked for. Raises `WireError`."""
    return _decoded(_commands, line)


def decode_config(line: bytes) -> LoadConfig:
    """The first line that the generator reads. Raises `WireError`."""
    return _decoded(_configs, line)


def _decoded(decoder: Decoder[_Value], line: bytes) -> _Value:
    try:
        return decoder.decode(line)
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(str(error)) from error


def _packed(value: object) -> object:
    if isinstance(value, Histogram):
        return value.packed()
    raise NotImplementedError(f"no way to write a {type(value).__name__}")


def _unpacked(kind: type, value: object) -> object:
    if kind is not Histogram:
        raise NotImplementedError(f"no way to read a {kind.__name__}")
    if not isinstance(value, list) or list(map(type, value)).count(int) != len(value):
        raise ValueError("a packed histogram is a list of whole numbers")
    return Histogram.unpacked(value)


_to_json = Encoder(enc_hook=_packed).encode
_messages: Decoder[Message] = Decoder(Message, dec_hook=_unpacked)
_commands: Decoder[Command] = Decoder(Command, dec_hook=_unpacked)
_configs: Decoder[LoadConfig] = Decoder(LoadConfig, dec_hook=_unpacked)
