from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.cli.render.changes import changes
from console.cli.render.status import status_text
from console.cli.render.style import Style
from console.cli.report import DOWN, Readiness, Role, Seen, StatusReport, report
from console.cli.terminal import Terminal
from console.model.color import Color
from console.model.errors import RolloutError
from console.model.events import ColorRetired, CutoverSeen, Event, ImageResolved, Record, StandbyKept
from console.model.observed import Health, Live, Observed, ReplicaState
from console.model.request import RecoveryChoice, Verdict
from tests.cli import samples
from tests.cli.conftest import Rollout
from tests.cli.fakes import NOTHING_LEFT, Script, held

UNFINISHED = Verdict(
    rollout=18,
    action="deploy",
    user="sha@vm1",
    since=samples.AT,
    last_step="apply it",
    story="green serves now: the traffic had moved.",
    consistent=False,
    choices=(RecoveryChoice.RESUME, RecoveryChoice.ROLLBACK, RecoveryChoice.ADOPT),
)
KEPT = StandbyKept(color=Color.BLUE, seconds=900)


def judged(observed: Observed = samples.OBSERVED, *events: Event, **changes: object) -> StatusReport:
    """The report on a snapshot with these last events in the journal."""
    newest = tuple(
        Record(rollout=17, sequence=number, at=samples.AT, event=event) for number, event in enumerate(events, start=1)
    )[::-1]
    seen = Seen(
        project="shop",
        observed=observed,
        newest=newest,
        history=samples.HISTORY,
        lock=None,
        verdict=NOTHING_LEFT,
    )
    return report(replace(seen, **changes))  # type: ignore[arg-type]


def text_of(found: StatusReport, *, minutes: float = 3, terminal: Terminal | None = None) -> str:
    """The report as text, some minutes after the sample time."""
    now = datetime.fromisoformat(samples.AT).astimezone(UTC) + timedelta(minutes=minutes)
    return status_text(found, Style(terminal or Terminal()), now, lambda command: command)


def live(**changes: object) -> Observed:
    """The sample with another answer of the proxy."""
    assert samples.OBSERVED.upstream.live is not None
    changed = replace(samples.OBSERVED.upstream.live, **changes)  # type: ignore[arg-type]
    return replace(samples.OBSERVED, upstream=replace(samples.OBSERVED.upstream, live=changed))


def test_a_healthy_stack_in_one_look() -> None:
    assert text_of(judged(samples.OBSERVED, KEPT)) == (
        "shop: ✓ green r42 serves\n"
        "  blue   ◐ warm    r41    1/1      healthy    bbbbbbbbbbbb  shop-app:41\n"
        "  green  ✓ active  r42    1/1      healthy    aaaaaaaaaaaa  shop-app:42\n"
        "  upstream   file green 42 · live green 42 · state green  ✓ agree\n"
        "  answers    172.20.0.4:8000 (green)\n"
        "  workers    2 accepting, 1 old finishing requests\n"
        "  standby    blue warm since 12:00:00, until 12:15:00 (12 min left)\n"
        "  rollback   rollback ready: blue r41\n"
        "  lock       free\n"
    )


def test_disagreement_is_called_drift_with_its_three_values_and_needs_a_human() -> None:
    found = judged(samples.DRIFTED)
    assert found.drift == ("blue", "green", "green")
    assert found.needs_human == ("DRIFT: state, file and live proxy disagree",)
    assert found.next_command == "rollout recover"
    text = text_of(found)
    assert "✗ DRIFT" in text
    assert "state says blue, file says green, live proxy says green" in text


def test_disagreement_while_a_rollout_runs_is_no_alarm() -> None:
    found = judged(samples.DRIFTED, lock=held())
    assert found.needs_human == ()
    assert "held by sha on vm1, pid 4711, since 2026-03-01 12:00: rollout deploy" in " ".join(text_of(found).split())


def test_a_stack_that_was_taken_down_is_down_and_in_no_disagreement() -> None:
    gone = replace(samples.DOWN.upstream, problem="the proxy: the service `proxy` has no container", hopeless=True)
    found = judged(replace(samples.DOWN, replicas=(), upstream=gone))
    assert (found.needs_human, found.next_command) == ((DOWN,), "rollout up")
    assert "shop: ✗ down, needs a human" in text_of(found, terminal=Terminal(unicode=True))


def test_nothing_serves_needs_a_human() -> None:
    found = judged(live(served=None))
    assert found.serving is None
    assert found.needs_human == ("nothing serves: no replica answers through the proxy",)
    assert "NOTHING SERVES" in text_of(found)


def test_a_proxy_that_is_gone_needs_a_human_and_says_why() -> None:
    found = judged(samples.DOWN)
    assert "no container of service proxy runs" in found.needs_human[-1]
    assert found.next_command == "rollout up"
    assert "it can't be seen who serves" in text_of(found)


def test_an_address_of_neither_color_needs_a_human() -> None:
    found = judged(live(served="172.20.0.9:8000"))
    assert "172.20.0.9:8000 answers, which is no replica of either color" in found.needs_human[-1]


def test_a_stack_that_never_had_a_cutover_is_fine() -> None:
    fresh = Observed(
        recorded=None,
        replicas=(samples.replica(Color.BLUE),),
        upstream=replace(
            samples.OBSERVED.upstream,
            configured=None,
            live=Live(generation=0, color=Color.BLUE, served="172.20.0.3:8000"),
        ),
    )
    found = judged(fresh, history=())
    assert found.needs_human == ()
    assert found.rollback.readiness is Readiness.NONE
    text = text_of(found)
    assert "shop: ✓ blue serves" in text
    assert "file missing · live blue 0 · state missing  ✓ agree" in text


def test_a_standby_whose_time_is_over_says_what_stops_it() -> None:
    assert "(over: the next deploy or `rollout retire` stops it)" in " ".join(
        text_of(judged(samples.OBSERVED, KEPT), minutes=20).split()
    )


def test_a_retired_color_is_no_standby() -> None:
    assert judged(samples.OBSERVED, KEPT, ColorRetired(color=Color.BLUE)).standby is None


def test_a_color_that_served_or_was_made_anew_since_is_no_standby() -> None:
    served = CutoverSeen(color=Color.BLUE, generation=43, served="172.20.0.3:8000")
    anew = ImageResolved(color=Color.BLUE, reference="shop-app:43", id=samples.IMAGES[Color.BLUE], digest=None)
    assert judged(samples.OBSERVED, KEPT, served).standby is None
    assert judged(samples.OBSERVED, KEPT, anew).standby is None
    assert judged(samples.OBSERVED, served, KEPT).standby is not None


def test_a_standby_that_does_not_run_is_none() -> None:
    stopped = samples.replica(Color.BLUE, state=ReplicaState.EXITED, exit_code=137)
    found = judged(replace(samples.OBSERVED, replicas=(stopped, samples.replica(Color.GREEN))), KEPT)
    assert found.standby is None
    assert found.colors[0].role is Role.STOPPED
    assert found.rollback.readiness is Readiness.COLD
    text = text_of(found)
    assert "rollback cold: blue r41 must be started first" in text
    assert "shop-blue-1 exited with 137" in text


def test_an_unhealthy_standby_is_no_ready_rollback_and_its_probe_is_shown_cleaned() -> None:
    sick = samples.replica(Color.BLUE, health=Health.UNHEALTHY, health_output="refused \x1b[31m!")
    found = judged(replace(samples.OBSERVED, replicas=(sick, samples.replica(Color.GREEN))))
    assert found.rollback.readiness is Readiness.COLD
    text = text_of(found)
    assert "shop-blue-1 is unhealthy: refused !" in text
    assert "0/1      unhealthy" in text


def test_without_containers_the_history_says_what_a_rollback_would_start() -> None:
    found = judged(replace(samples.OBSERVED, replicas=(samples.replica(Color.GREEN),)))
    assert (found.rollback.readiness, found.rollback.release) == (Readiness.COLD, 41)
    assert found.colors[0].role is Role.ABSENT


def test_a_color_that_was_withdrawn_is_no_way_back() -> None:
    history = (samples.HISTORY[0], replace(samples.HISTORY[1], withdrawn=True))
    found = judged(history=history)
    assert (found.rollback.readiness, found.rollback.release) == (Readiness.NONE, None)
    assert "no rollback: there is no earlier release" in text_of(found)


def test_an_image_that_the_history_does_not_know_has_no_release_number() -> None:
    other = samples.replica(Color.GREEN, image_id="sha256:" + "c" * 64)
    found = judged(replace(samples.OBSERVED, replicas=(samples.replica(Color.BLUE), other)))
    assert found.release is None
    assert "shop: ✓ green serves" in text_of(found)


def test_an_unfinished_rollout_names_its_last_step_and_the_way_on() -> None:
    found = judged(verdict=UNFINISHED)
    text = " ".join(text_of(found).split())
    assert "unfinished green serves now: the traffic had moved." in text
    assert found.next_command == "rollout recover"
    assert found.needs_human == ("rollout 18 never finished",)


def test_an_unfinished_rollout_that_left_everything_consistent_needs_nobody() -> None:
    found = judged(verdict=replace(UNFINISHED, consistent=True))
    assert found.needs_human == ()
    assert found.unfinished is not None


def test_a_long_image_name_goes_onto_a_line_of_its_own_and_stays_whole() -> None:
    name = "registry.example.org/team/" + "shop" * 12
    long = samples.replica(Color.GREEN, image=name, image_id="sha256:" + "c" * 64)
    observed = replace(samples.OBSERVED, replicas=(samples.replica(Color.BLUE), long))
    assert f"cccccccccccc\n         {name}\n" in text_of(judged(observed))
    assert "\n         " + name in text_of(judged(observed), terminal=Terminal(tty=True, colour=True))


def test_restarts_are_shown() -> None:
    restarted = samples.replica(Color.BLUE, restarts=3)
    observed = replace(samples.OBSERVED, replicas=(restarted, samples.replica(Color.GREEN)))
    assert "restarted 3 times" in text_of(judged(observed))


@pytest.mark.parametrize("observed", [samples.OBSERVED, samples.DRIFTED, samples.DOWN], ids=["ok", "drift", "down"])
def test_the_status_fits_80_columns_also_without_unicode_and_colour(observed: Observed) -> None:
    found = judged(observed, KEPT, verdict=UNFINISHED, lock=None)
    assert all(len(line) <= 80 for line in text_of(found).splitlines())
    assert text_of(found, terminal=Terminal(unicode=False)).isascii()


def test_status_prints_data_on_stdout_and_ends_with_0(rollout: Rollout) -> None:
    ran = rollout("status", script=Script(history=samples.HISTORY))
    assert ran.code == 0
    assert ran.out.startswith("shop: ✓ green r42 serves\n")
    assert ran.err == ""
    assert ran.backend.sessions[0].read_only


def test_status_ends_with_1_when_it_needs_a_human(rollout: Rollout) -> None:
    assert rollout("status", script=Script(observed=(samples.DRIFTED,))).code == 1
    assert rollout("status", script=Script(observed=(samples.DOWN,))).code == 1


def test_status_json_is_one_document_with_stable_keys(rollout: Rollout) -> None:
    document = rollout("status", "--json", script=Script(history=samples.HISTORY)).document
    assert set(document) == {
        *("v", "type", "project", "serving", "release", "served", "colors"),
        *("file_color", "file_generation", "live_color", "live_generation", "recorded", "drift"),
        *("workers", "old_workers", "problem", "standby", "rollback", "lock", "unfinished"),
        *("needs_human", "next_command"),
    }
    assert (document["v"], document["type"], document["serving"]) == (1, "status", "green")
    assert document["rollback"] == {"readiness": "ready", "color": "blue", "release": 41}


def test_watch_prints_only_when_something_changed(rollout: Rollout) -> None:
    class Ends(Script):
        looks = 0

        @property
        def lock(self) -> None:  # type: ignore[override]
            type(self).looks += 1
            if self.looks > 5:
                raise RolloutError("look again", "the test is over")

        @lock.setter
        def lock(self, value: object) -> None:
            assert value is None

    same = samples.OBSERVED
    script = Ends(observed=(same, same, samples.DRIFTED, samples.DRIFTED, same))
    ran = rollout("status", "--watch", "--json", "--interval", "0.1", script=script)
    assert [document["recorded"] for document in ran.documents[:-1]] == ["green", "blue", "green"]
    assert ran.documents[-1]["type"] == "error"


def test_a_bare_command_line_prints_the_status_and_where_help_is(rollout: Rollout) -> None:
    ran = rollout()
    assert ran.code == 0
    assert ran.out.startswith("shop: ✓ green")
    assert "rollout --help" in ran.err


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (samples.OBSERVED, []),
        (samples.DRIFTED, ["DRIFT: state says blue, file says green, live proxy says green"]),
        (replace(samples.OBSERVED, replicas=samples.OBSERVED.replicas[1:]), ["blue: absent"]),
        (
            replace(
                samples.OBSERVED,
                replicas=(
                    samples.OBSERVED.replicas[0],
                    samples.replica(Color.GREEN, health=Health.UNHEALTHY, health_output="503"),
                ),
            ),
            ["green: active, 0/1 replicas, unhealthy", "shop-green-1 is unhealthy: 503"],
        ),
    ],
)
def test_what_changed_between_two_looks_is_a_line_each(after: Observed, said: list[str]) -> None:
    assert [text for _, text in changes(judged(samples.OBSERVED), judged(after))] == said


def test_a_proxy_that_goes_and_comes_back_is_said_both_times() -> None:
    gone = replace(samples.OBSERVED.upstream, live=None, problem="connection refused")
    down = judged(replace(samples.OBSERVED, upstream=gone))
    up = judged(samples.OBSERVED)
    assert "the proxy does not answer: connection refused" in [text for _, text in changes(up, down)]
    back = [text for _, text in changes(down, up)]
    assert "no longer: the proxy does not answer: connection refused" in back
    assert "green r42 serves" in back
