"""The history as it is read from the journal's end: what the whole journal says, from no more of it than it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.adapters.storage.journal import FileJournal
from console.cli.report import STANDBY
from console.engine import history, recovery
from console.model.color import Color
from console.model.events import (
    ColorRetired,
    CutoverSeen,
    Event,
    ImageResolved,
    Record,
    ReleaseFound,
    ReleaseServed,
    RolloutFinished,
    StandbyKept,
)
from console.model.plan import Action
from console.model.request import Request, Result
from console.observe.follow import JournalFollower
from tests.fakes.stack import FakeStack
from tests.fakes.storage import FakeJournal
from tests.support.events import STARTED
from tests.support.long_journal import BytesRead, write_rollouts

AT = "2026-01-01T00:00:00.000Z"


def some_journal(chance: random.Random) -> FakeJournal:
    """Rollouts one after the other, of few images; now and then one that was suspended adds to its records later."""
    journal = FakeJournal()
    for number in range(1, chance.randint(4, 24)):
        action = chance.choice(["deploy", "deploy", "rollback", "cutover", "up"])
        journal.append(rollout=number, at=AT, event=replace(STARTED, user=f"user {number}", action=action))
        for place in range(chance.randint(0, 4)):
            rollout = chance.randint(1, number) if chance.random() < 0.02 else number
            journal.append(rollout=rollout, at=f"{number}.{place}", event=something(chance, rollout))
    return journal


def something(chance: random.Random, rollout: int) -> Event:
    """Something that the history is made of."""
    color, image, config = chance.choice(list(Color)), chance.choice("abcdefghij"), chance.choice(["one", "two"])
    origin = chance.choice([0, 0, rollout, rollout, rollout, rollout, chance.randint(1, rollout)])
    served = ReleaseServed(color=color, reference=image, image_id=image, digest=None, config_hash=config, origin=origin)
    outcome = chance.choice(["done", "rolled_back"])
    finished = RolloutFinished(outcome=outcome, exit_code=0, active=color, seconds=1.0, message="")
    rare = (
        ImageResolved(color=color, reference=image, id=image, digest=None),
        ReleaseFound(color=color, reference=image, image_id=image, config_hash=config),
    )
    return chance.choice([served, served, served, finished, *(rare if chance.random() < 0.3 else ())])


def test_what_is_read_from_the_end_is_what_the_whole_journal_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_FIRST", 1)
    monkeypatch.setattr(history, "FURTHEST", 2)
    parts = 0
    for seed in range(500):
        chance = random.Random(seed)
        journal, least = some_journal(chance), chance.randint(1, 2)
        every, found = history.releases(journal.kept), history.recent(journal, least=least)
        assert found == every[: len(found)], seed
        assert len(found) >= min(least, len(every)), seed
        parts += len(found) < len(every)
    assert parts > 50


def test_a_release_of_long_ago_is_still_gone_back_to_by_its_number() -> None:
    stack = FakeStack()
    write_rollouts(stack.journal, 400)
    assert 3 not in [release.id for release in stack.session.history()]
    every = stack.session.history(1000)
    assert [release.id for release in every] == [*range(400, 0, -1)]
    assert every[: len(stack.session.history())] == stack.session.history()


async def test_a_rollback_finds_a_release_of_long_ago_in_a_long_journal() -> None:
    stack = FakeStack()
    write_rollouts(stack.journal, 400)
    plan = await stack.session.plan(Request(action=Action.ROLLBACK, to_release=3))
    assert "release 3" in plan.render()


async def test_what_was_prepared_and_cut_over_to_later_is_on_record_with_its_number() -> None:
    stack = FakeStack()
    write_rollouts(stack.journal, 60)
    blue = ReleaseServed(
        color=Color.BLUE, reference="shop:1", image_id=stack.first.id, digest=None, config_hash="hash", origin=60
    )
    stack.journal.append(rollout=60, at=AT, event=blue)
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", cutover=False))
    await stack.session.run(Request(action=Action.CUTOVER))
    (served,) = [event for event in stack.events(ReleaseServed) if isinstance(event, ReleaseServed)]
    assert served.origin == 61
    found = history.recent(stack.journal)
    assert found[0].id == 61
    assert len(found) < len(history.releases(stack.journal.kept))


async def test_a_journal_that_can_not_be_read_once_traffic_has_moved_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = FakeStack()
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", cutover=False))
    newest, moved = stack.journal.newest, asyncio.Event()

    def failing(*kinds: type[Event]) -> Iterator[Record]:
        if moved.is_set():
            raise OSError(5, "Input/output error")
        return newest(*kinds)

    monkeypatch.setattr(stack.journal, "newest", failing)
    stack.session.subscribe(lambda record: moved.set() if isinstance(record.event, CutoverSeen) else None)
    outcome = await stack.session.run(Request(action=Action.CUTOVER))
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert history.releases(stack.journal.kept)[0].id == 1


def test_what_serves_is_looked_for_behind_many_that_were_withdrawn() -> None:
    journal = FakeJournal()
    write_rollouts(journal, 3)
    write_rollouts(journal, 60, first=4, outcome="rolled_back")
    found = history.recent(journal)
    assert [release.id for release in found if not release.withdrawn][:3] == [3, 2, 1]


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ((), None),
        ((StandbyKept(color=Color.BLUE, seconds=900), CutoverSeen(color=Color.GREEN, generation=2, served="a:1")), 0),
        ((StandbyKept(color=Color.BLUE, seconds=900), ColorRetired(color=Color.BLUE)), None),
        ((StandbyKept(color=Color.BLUE, seconds=900), StandbyKept(color=Color.GREEN, seconds=900)), 1),
        (
            (
                StandbyKept(color=Color.BLUE, seconds=900),
                StandbyKept(color=Color.GREEN, seconds=900),
                CutoverSeen(color=Color.GREEN, generation=3, served="a:1"),
            ),
            None,
        ),
    ],
)
def test_the_standby_is_the_one_that_was_kept_last_unless_something_became_of_it(
    events: tuple[StandbyKept | CutoverSeen | ColorRetired, ...], kept: int | None
) -> None:
    journal = FakeJournal()
    records = [journal.append(rollout=1, at=AT, event=event) for event in events]
    assert history.standby_since(journal) == (None if kept is None else records[kept])


QUESTIONS: dict[str, Callable[[FileJournal], object]] = {
    "history": history.recent,
    "unfinished": lambda journal: recovery.unfinished(journal.newest()),
    "standby": history.standby_since,
    "word on the standby": lambda journal: next(journal.newest(*STANDBY)),
    "follow": lambda journal: JournalFollower(journal).look(),
}


def test_a_look_reads_no_more_of_a_long_journal_than_of_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = FileJournal(tmp_path / "short.jsonl"), FileJournal(tmp_path / "long.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        write_rollouts(short, 60)
        write_rollouts(long, 600)
    assert long.path.stat().st_size > 9 * short.path.stat().st_size
    for question, ask in QUESTIONS.items():
        with BytesRead() as little:
            ask(short)
        with BytesRead() as much:
            ask(long)
        assert 0 < much.bytes <= 1.5 * little.bytes, question
        assert much.bytes < short.path.stat().st_size, question
