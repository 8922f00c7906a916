from __future__ import annotations

import pytest

from console.cli.render.narrator import Narrator
from console.cli.render.style import Mark, Style
from console.cli.terminal import Terminal
from console.model.color import Color
from console.model.events import (
    AbortRequested,
    CutoverSeen,
    Event,
    Record,
    StepFailed,
    StepProgressed,
    StepSucceeded,
)
from tests.cli import samples

WAIT = samples.step("ready", "wait until green is ready")


class Told:
    """A narrator whose time stands still until a test moves it."""

    def __init__(self, *, live: bool = False, terminal: Terminal | None = None) -> None:
        self.text = ""
        self.time = 100.0
        self.narrator = Narrator(
            self._write,
            Style(terminal or Terminal()),
            monotonic=lambda: self.time,
            now=lambda: samples.AT,
            live=live,
        )

    def _write(self, text: str) -> None:
        self.text += text

    def tell(self, *events: Event) -> str:
        """What these events add."""
        before = len(self.text)
        for number, event in enumerate(events):
            self.narrator.record(Record(rollout=17, sequence=number, at=samples.AT, event=event))
        return self.text[before:]

    def pass_time(self, seconds: float) -> str:
        """What a while adds."""
        before = len(self.text)
        for _ in range(round(seconds * 10)):
            self.time += 0.1
            self.narrator.tick()
        return self.text[before:]


def test_every_event_is_told_within_80_columns_unless_it_is_to_be_pasted() -> None:
    lines = Told().tell(*samples.EVERY).splitlines()
    assert all(len(line) <= 80 for line in lines if "$ " not in line)


@pytest.mark.parametrize("event", samples.EVERY, ids=lambda event: type(event).__name__)
def test_no_event_can_break_the_narration(event: Event) -> None:
    Told().tell(event)
    Told(live=True, terminal=Terminal(tty=True, colour=True)).tell(event)


def test_a_quick_step_is_one_line() -> None:
    told = Told()
    told.tell(samples.step("start", "start green"), StepSucceeded(step="start", seconds=0.008, detail=""))
    assert told.text == "12:00:00 ✓ done    start green  8 ms\n"


def test_a_long_wait_is_told_after_a_second() -> None:
    told = Told()
    assert told.tell(WAIT) == ""
    assert told.pass_time(0.8) == ""
    assert told.pass_time(0.4) == "12:00:00 ● wait    wait until green is ready (1 s so far)\n"


def test_a_wait_says_what_it_waits_for_and_the_time_left() -> None:
    told = Told()
    told.tell(WAIT, StepProgressed(step="ready", text="1 of 2 replicas ready", remaining=57.2))
    assert "wait until green is ready: 1 of 2 replicas ready, 57 s left" in told.pass_time(1.2)


def test_a_wait_that_changes_all_the_time_is_told_at_most_once_a_second() -> None:
    told = Told()
    told.tell(WAIT)
    for number in range(100):
        told.tell(StepProgressed(step="ready", text=f"{number} in flight", remaining=30.0))
        told.time += 0.1
    assert 9 <= told.text.count("\n") <= 10


def test_a_wait_that_does_not_change_is_told_every_five_seconds() -> None:
    told = Told()
    told.tell(WAIT)
    assert told.pass_time(16.5).count("\n") == 4


def test_on_a_terminal_one_status_line_is_rewritten_and_erased_before_the_next_line() -> None:
    told = Told(live=True, terminal=Terminal(tty=True))
    told.tell(WAIT)
    told.pass_time(3)
    assert "\n" not in told.text
    assert told.tell(StepSucceeded(step="ready", seconds=3, detail="")).startswith("\r\x1b[2K12:00:00 ✓ done")


def test_a_status_line_never_wraps() -> None:
    told = Told(live=True, terminal=Terminal(tty=True, width=60))
    told.tell(WAIT, StepProgressed(step="ready", text="x" * 200, remaining=3))
    told.pass_time(1)
    assert all(len(line) < 60 for line in told.text.split("\r\x1b[2K"))


def test_the_end_leaves_no_status_line_behind() -> None:
    told = Told(live=True, terminal=Terminal(tty=True))
    told.tell(WAIT)
    told.narrator.end()
    assert told.text.endswith("\r\x1b[2K")


def test_what_is_waited_for_can_be_asked_at_any_time() -> None:
    told = Told()
    assert told.narrator.waiting_for() == "the next step"
    told.tell(WAIT, StepProgressed(step="ready", text="1 of 2", remaining=9))
    assert told.narrator.waiting_for() == "wait until green is ready: 1 of 2, 9 s left"


def test_state_is_a_word_and_a_glyph_also_in_colour() -> None:
    told = Told(terminal=Terminal(tty=True, colour=True))
    told.narrator.say(Mark.FAILED, "no")
    assert "\x1b[31m✗ failed\x1b[0m" in told.text


def test_a_terminal_without_unicode_gets_ascii_only() -> None:
    told = Told(terminal=Terminal(unicode=False))
    told.tell(*samples.EVERY)
    told.pass_time(2)
    assert told.text.isascii()


def test_a_signal_is_told_once() -> None:
    told = Told()
    told.narrator.say(Mark.WARNING, "SIGINT: ending safely, waiting for drain blue")
    assert told.tell(AbortRequested(by="SIGINT")) == ""
    assert "by the operator" in told.tell(AbortRequested(by="the operator"))


def test_odd_times_do_not_matter() -> None:
    told = Told()
    told.narrator.record(Record(rollout=1, sequence=1, at="garbage", event=samples.STARTED))
    assert told.text.startswith("--:--:--")


def test_a_fact_that_the_steps_last_word_repeats_is_told_once() -> None:
    text = Told().tell(*samples.GOOD)
    assert text.count("no old worker accepts") == 1
    assert "seen serving" not in text


def test_a_fact_of_a_step_that_fails_or_says_nothing_is_told() -> None:
    seen = CutoverSeen(color=Color.GREEN, generation=42, served="172.20.0.4:8000")
    failed = StepFailed(step="ready", seconds=1.0, attempted="x", found="y")
    for end in (failed, StepSucceeded(step="ready", seconds=1.0, detail="")):
        assert "green is seen serving" in Told().tell(WAIT, seen, end)
    assert "green is seen serving" in Told().tell(seen)


def test_a_detail_that_only_repeats_the_title_is_left_out() -> None:
    told = Told()
    told.tell(samples.step("write", "write upstream green, generation 3"))
    assert told.tell(StepSucceeded(step="write", seconds=0.008, detail="green, generation 3")).endswith(
        "write upstream green, generation 3  8 ms\n"
    )
