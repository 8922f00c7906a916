"""`rollout history`: the releases that served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from console.cli.render.clean import clean
from console.cli.render.document import document
from console.cli.render.durations import stamp
from console.cli.render.style import Style
from console.model.release import Release


def history_text(releases: Sequence[Release], style: Style) -> str:
    """A table, newest first."""
    if not releases:
        return "no release has served yet; the first `rollout deploy` makes one\n"
    rows = [("id", "color", "at", "by", "image id", "image")]
    rows += [
        (
            f"r{release.id}",
            release.color.value,
            stamp(release.at),
            style.fit(clean(release.by), 12),
            release.image.short,
            clean(release.image.name) + ("  withdrawn" if release.withdrawn else ""),
        )
        for release in releases
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    head, *body = (
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )
    return "\n".join([style.dim(head), *body]) + "\n"


def history_document(releases: Sequence[Release]) -> dict[str, object]:
    """The same as one JSON object."""
    return document("history", {"releases": [asdict(release) for release in releases]})
