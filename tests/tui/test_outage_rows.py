"""What panels 1 and 3 show of an outage, and of releases with long names."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.observed import ReplicaState
from console.tui.board import Board
from console.tui.paint import Tone, text_of, width_of
from console.tui.widgets.colors import colors_rows
from console.tui.widgets.upstream import upstream_rows
from tests.tui.boards import board, view


def stopped(color: Color) -> Board:
    known = board(load=False)
    seen = view()
    replicas = tuple(
        replace(one, state=ReplicaState.EXITED, exit_code=137) if one.color is color else one
        for one in seen.observed.replicas
    )
    changed = replace(seen, observed=replace(seen.observed, replicas=replicas))
    return known.with_sample(replace(known.sample, view=changed))


def without_proxy(problem: str) -> Board:
    known = board(load=False)
    seen = view()
    upstream = replace(seen.observed.upstream, live=None, workers=(), problem=problem)
    return known.with_sample(
        replace(known.sample, view=replace(seen, observed=replace(seen.observed, upstream=upstream)))
    )


def test_a_color_that_gets_the_traffic_and_runs_nothing_is_no_idle_color() -> None:
    rows = {text_of(row).split()[0]: row for row in colors_rows(stopped(Color.GREEN), 76, 3)[1:]}
    green = {text.strip(): tone for text, tone in rows["green"]}
    assert green["0/2"] is Tone.BAD
    assert green["stopped ✗"] is Tone.BAD
    assert green["100 %"] is Tone.BAD
    assert green["green"] is Tone.BAD


def test_an_idle_color_that_runs_nothing_is_dim() -> None:
    row = next(row for row in colors_rows(stopped(Color.BLUE), 76, 3) if text_of(row).startswith("blue"))
    assert {tone for text, tone in row if text.strip()} == {Tone.DIM}
    assert "stopped ✗" not in text_of(row)


def test_what_the_proxy_served_last_and_why_it_is_gone_fit_into_19_columns() -> None:
    rows = upstream_rows(without_proxy("could not ask the proxy: it does not run"), 19, 5)
    text = [text_of(row).rstrip() for row in rows]
    assert text[1].startswith("live  gone, green")
    assert " ".join(text[3:]) == "could not ask the proxy: it does not"
    assert all(width_of(row) <= 19 for row in rows)


def test_with_more_room_the_reason_is_told_whole_and_what_clients_see_beside_it() -> None:
    rows = upstream_rows(without_proxy("could not ask the proxy: it does not run"), 40, 9)
    text = "\n".join(text_of(row) for row in rows)
    assert "gone was green" in text
    assert "seen  nobody" in text
    assert "it does not run" in text.replace("\n", " ")


def test_a_long_release_is_shown_whole_where_there_are_columns_to_spare() -> None:
    known = board(load=False)
    seen = view()
    replicas = tuple(replace(one, image="app@late-error-500") for one in seen.observed.replicas)
    changed = replace(seen, observed=replace(seen.observed, replicas=replicas))
    shown = known.with_sample(replace(known.sample, view=changed))
    assert "late-error-500 " in text_of(colors_rows(shown, 116, 3)[1])
    assert "late-er… " in text_of(colors_rows(shown, 76, 3)[1])
    for width in (40, 56, 76, 80, 116):
        assert all(width_of(row) <= width for row in colors_rows(shown, width, 3))
