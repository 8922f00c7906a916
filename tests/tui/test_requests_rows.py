"""Panel 2 while requests are dropped, and the moments of a rollout below its strip."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from console.model.load import NO_ANSWER, Attempt, Failure, FailureKind, Retry, Stage
from console.tui.board import Board
from console.tui.paint import Rows, text_of, width_of
from console.tui.widgets.requests import requests_note, requests_rows
from tests.tui.boards import NOW, board, requests

WIDTH, HEIGHT = 54, 5
"""Of the panel at 80x24."""
REFUSED = Failure(
    at=NOW,
    phase="cutting over",
    attempt=Attempt(kind=FailureKind.REFUSED, stage=Stage.CONNECT, reused=False),
    status=None,
    age=0.001,
    release=NO_ANSWER,
    last_release="",
    retry=Retry.NOT_ALLOWED,
)
STATUS = structs.replace(
    REFUSED,
    attempt=Attempt(kind=FailureKind.STATUS, stage=Stage.RESPONSE, reused=True),
    status=502,
    release="v42",
    phase="verifying",
)


def shown(*failures: Failure, dropped: int = 7) -> Board:
    known, found = board(), requests(dropped=dropped)
    buckets = tuple(
        replace(
            bucket,
            shares=tuple(replace(share, release="v42") for share in bucket.shares if share.color == "green"),
        )
        for bucket in found.buckets
    )
    return replace(known, sample=replace(known.sample, requests=replace(found, buckets=buckets, failures=failures)))


def text(rows: Rows) -> str:
    return "\n".join(text_of(row) for row in rows)


def test_the_latest_failure_is_told_at_80_columns_while_its_drop_is_in_the_strip() -> None:
    rows = requests_rows(shown(REFUSED, STATUS), WIDTH, HEIGHT)
    assert text_of(rows[-1])[8:] == " status 502, green v42, reused, verifying"
    assert "┆cutover" in text(rows)
    assert "✗" in text(rows)
    assert len(rows) == HEIGHT
    assert "lists the failures" in text_of(requests_note(shown(STATUS)))


@pytest.mark.parametrize(("failures", "dropped"), [((STATUS,), 0), ((), 7)])
def test_else_that_row_is_the_latency(failures: tuple[Failure, ...], dropped: int) -> None:
    rows = requests_rows(shown(*failures, dropped=dropped), WIDTH, HEIGHT)
    assert "p99 <" in text_of(rows[2])
    assert "verifying" not in text(rows)


def test_zoomed_the_failures_get_half_the_room_newest_first() -> None:
    many = [structs.replace(STATUS, at=NOW + number, phase=f"phase {number}") for number in range(50)]
    rows = requests_rows(shown(*many), 76, 20)
    listed = [text_of(row) for row in rows if ", reused, phase " in text_of(row)]
    assert len(listed) == 8
    assert [row.rpartition(" ")[2] for row in listed] == [str(number) for number in range(49, 41, -1)]
    assert "at response, green v42" in listed[0]


@pytest.mark.parametrize("width", [54, 76, 116])
def test_no_failure_is_cut(width: int) -> None:
    long = structs.replace(
        REFUSED, attempt=Attempt(kind=FailureKind.UNREACHABLE, stage=Stage.CONNECT, reused=False), release="v42"
    )
    for failure in (REFUSED, STATUS, long):
        row = requests_rows(shown(failure), width, HEIGHT)[-1]
        assert width_of(row) <= width
        assert failure.phase in text_of(row)


def marked(**moments: int) -> str:
    """The row below a strip in which these moments have these places; `_` stands for a blank."""
    found = requests()
    names: dict[int, tuple[str, ...]] = {}
    for name, place in moments.items():
        names[place] = (*names.get(place, ()), name.replace("_", " "))
    buckets = tuple(replace(one, marks=names.get(place, ())) for place, one in enumerate(found.buckets))
    known = board()
    seen = replace(known, sample=replace(known.sample, requests=replace(found, buckets=buckets)))
    return text_of(requests_rows(seen, WIDTH, HEIGHT)[-1])


def test_every_moment_has_its_sign_below_its_bucket_and_a_rollback_its_name() -> None:
    moments = {"apply": 8, "cutover": 10, "watch_begins": 11, "rollback": 16, "blue_serves": 17, "end": 19}
    row = marked(**moments)
    assert [place for place, sign in enumerate(row) if sign == "┆"] == sorted(moments.values())
    assert "┆rollback" in row
    assert "begins" not in row


def test_names_stand_beside_their_signs_where_there_is_room() -> None:
    assert marked(apply=2, cutover=3, watch_begins=4, drain=20, end=22) == "  ┆┆┆cutover        ┆ ┆drain end"
    assert marked(apply=2, restore=10, restored=30) == "  ┆apply  ┆restore            ┆restored"


def test_no_name_stands_beside_the_sign_of_a_more_important_moment() -> None:
    row = marked(apply=16, cutover=17, rollback=23, blue_serves=24)
    assert row.strip() == "┆┆     ┆┆rollback"
    assert marked(apply=17, cutover=17, drain=23).strip() == "┆     ┆drain"
