from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.durations import DurationError, format_duration, parse_duration, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("-0", 0.0),
        ("250ms", 0.25),
        ("1m30s", 90.0),
        ("2h", 7200.0),
        (".5s", 0.5),
        ("1.s", 1.0),
        ("+5s", 5.0),
        ("-5s", -5.0),
        ("1us", 1e-6),
        ("1µs", 1e-6),
        ("1ns", 1e-9),
        ("1ms1s", 1.001),
        ("1h2m3.5s", 3723.5),
    ],
)
def test_durations_are_read_as_compose_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "1.",
        "1d",
        "1w",
        "1S",
        "s",
        "1m30",
        "1m 30s",
        " 1s",
        "1s ",
        "-",
        "+",
        "--1s",
        "1e3s",
        "9999999h",
        "٣s",
        "1.2.3s",
    ],
)
def test_what_compose_refuses_is_refused(text: str) -> None:
    with pytest.raises(DurationError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("90", "90s"), ("1d", "24h"), ("5S", "1s"), ("10min", "1m"), ("1m30", "1m30s")]
)
def test_a_refusal_suggests_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert caught.value.suggestion == meant


@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ("0.5", 0.5), (" 2 ", 2.0), ("250ms", 0.25), ("-1", -1.0)])
def test_a_bare_number_is_seconds_in_flags_and_variables(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@given(st.integers(min_value=0, max_value=10**15))
def test_what_is_written_is_read_back(microseconds: int) -> None:
    seconds = microseconds / 1_000_000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-12, abs=1e-9)


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from([("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001)])),
        min_size=1,
        max_size=6,
    )
)
def test_parts_add_up(parts: list[tuple[int, tuple[str, float]]]) -> None:
    text = "".join(f"{number}{unit}" for number, (unit, _) in parts)
    assert parse_duration(text) == pytest.approx(sum(number * size for number, (_, size) in parts))


@given(st.text(max_size=200))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except DurationError:
        seconds = 0.0
    assert abs(seconds) < 10**10
