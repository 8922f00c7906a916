"""Every JSON object that the command line itself writes: one line, with its version and its type.

Two streams have a version of their own: the events of a rollout (`console.model.record.VERSION`), which is the
journal's, and the load's (`console.model.load.PROTOCOL_VERSION`). An error takes the version of the stream it ends.
"""

from __future__ import annotations

VERSION = 1
"""Of the objects that are no part of a stream. Fields are only ever added to a version."""


def document(kind: str, fields: dict[str, object], *, version: int = VERSION) -> dict[str, object]:
    """One object; its version and its type come first."""
    return {"v": version, "type": kind, **fields}
