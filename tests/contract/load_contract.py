"""What every load of a rollout must do. A subclass gives the fixture `rig`; nothing here knows what sends it."""

from __future__ import annotations

from typing import Protocol

from console.engine.load import RolloutLoad
from console.model.events import LoadMeasured
from console.model.load import LoadConfig, Totals
from console.model.receipt_load import ReceiptLoad
from console.ports.load import LoadCounts, LoadRun


class LoadRig(Protocol):
    """A load that was not started yet, at something that drops nothing from then on."""

    config: LoadConfig

    @property
    def run(self) -> LoadRun: ...

    async def sent(self, phase: str) -> None:
        """Wait until requests that were due in this phase have their answers."""
        ...

    async def kill(self) -> None:
        """The generator dies at once; returns when that is known."""
        ...


def counted(counts: LoadCounts) -> tuple[int, ...]:
    return counts.due, counts.not_sent, counts.done, counts.dropped, counts.unexpected, counts.recovered


def added_up(totals: Totals) -> tuple[int, ...]:
    return totals.due, totals.not_sent, totals.done, totals.dropped, totals.unexpected, totals.recovered


class LoadContract:
    async def test_its_sum_is_of_its_own_requests_whether_it_lives_or_dies(self, rig: LoadRig) -> None:
        run = rig.run
        await run.start()
        await rig.sent("planned")
        await run.phase("preparing")
        await rig.sent("preparing")
        for kills in (False, True):
            if kills:
                await rig.kill()
            counts, total = run.counts(), run.sum
            assert (counts.alive, run.summary) == (not kills, None)
            assert added_up(total.totals) == counted(counts)
            assert counts.dropped == 0
            assert sum(phase.due for phase in total.phases) == counts.due > 0
            assert [phase.phase for phase in total.phases] == ["planned", "preparing"]
            assert {group.phase for group in total.groups} == {"planned", "preparing"}
        await run.close()

    async def test_what_is_counted_of_one_that_died_is_the_same_wherever_it_is_told(self, rig: LoadRig) -> None:
        evidence, event, counts = await self._rollout(rig, kills=True)
        assert not evidence.valid
        assert evidence.problem == event.problem != ""
        assert (evidence.due, evidence.dropped) == (event.due, event.dropped) == (counts.due, 0)
        assert [line.name for line in evidence.by_phase] == ["planned", "preparing"]
        assert all(line.due for line in evidence.by_phase)
        assert sum(line.due or 0 for line in evidence.by_phase) == evidence.due
        done = evidence.ok + evidence.unexpected + evidence.dropped
        assert sum(line.done for line in evidence.by_phase) == sum(line.done for line in evidence.by_release) == done
        assert done == counts.done
        assert evidence.failures == ()
        assert evidence.failures_omitted == 0

    async def test_what_is_counted_of_one_that_sums_up_is_the_same_wherever_it_is_told(self, rig: LoadRig) -> None:
        evidence, event, _ = await self._rollout(rig, kills=False)
        assert evidence.proves_zero
        assert (evidence.due, evidence.ok) == (event.due, event.ok)
        assert [line.name for line in evidence.by_phase] == ["planned", "preparing"]
        assert sum(line.due or 0 for line in evidence.by_phase) == evidence.due == evidence.ok
        assert sum(line.done for line in evidence.by_phase) == evidence.due

    async def test_a_rate_that_is_changed_meanwhile_is_told_beside_the_one_asked_for(self, rig: LoadRig) -> None:
        load = RolloutLoad(rig.run, rig.config)
        await load.start()
        await rig.run.rate(2 * rig.config.rate)
        await rig.sent("planned")
        evidence, _ = await load.stop()
        assert (evidence.rate, evidence.rate_at_end) == (rig.config.rate, 2 * rig.config.rate)

    async def _rollout(self, rig: LoadRig, *, kills: bool) -> tuple[ReceiptLoad, LoadMeasured, LoadCounts]:
        load = RolloutLoad(rig.run, rig.config)
        await load.start()
        await rig.sent("planned")
        await rig.run.phase("preparing")
        await rig.sent("preparing")
        if kills:
            await rig.kill()
        counts = rig.run.counts()
        evidence, event = await load.stop()
        return evidence, event, counts
