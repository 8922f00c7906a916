"""Events for programs: NDJSON, one record a line, typed and versioned (`console.model.record` is the format)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.model.events import Record
from console.model.record import encode


def json_listener(document: Callable[[Mapping[str, object]], None]) -> Callable[[Record], None]:
    """A listener that writes every record as one JSON object."""

    def listen(record: Record) -> None:
        document(encode(record))

    return listen
