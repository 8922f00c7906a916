"""Deploys on a fake stack: what each failure means, and what never happens."""

from __future__ import annotations

import asyncio

import pytest

from console.model.color import Color
from console.model.errors import (
    LockHeldError,
    ProxyRefusedError,
    ProxyUnreachableError,
    ReadOnlyError,
    RefusedError,
    RuntimeFailedError,
)
from console.model.events import (
    AbortRequested,
    CutoverSeen,
    LogsKept,
    PhaseChanged,
    RequestsCut,
    StepFailed,
    StepStarted,
    StepSucceeded,
    UpstreamRestored,
    Warned,
)
from console.model.observed import Health
from console.model.phase import Phase
from console.model.plan import Action
from console.model.request import Request, Result
from tests.fakes.stack import FakeStack, make_spec

DEPLOY = Request(action=Action.DEPLOY, image="shop:2")


def step_ids(stack: FakeStack) -> list[str]:
    return [event.step for event in stack.events(StepSucceeded) if isinstance(event, StepSucceeded)]


async def test_a_deploy_runs_every_step_in_order_and_moves_traffic_once() -> None:
    stack = FakeStack()
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert step_ids(stack) == [
        "preflight", "image", "start", "await-ready", "smoke-replicas", "write", "validate", "apply", "read-back",
        "record", "smoke-proxy", "watch", "drain", "keep-warm",
    ]  # fmt: skip
    assert stack.proxy.flips == [Color.GREEN]
    assert stack.active.color is Color.GREEN
    assert stack.lock.label is None
    assert stack.receipts.written[0].result == "done"
    assert len(stack.runtime.containers[Color.BLUE]) == 1


async def test_deploys_alternate_between_the_colors() -> None:
    stack = FakeStack()
    served = [(await stack.session.run(DEPLOY)).active for _ in range(4)]
    assert served == [Color.GREEN, Color.BLUE, Color.GREEN, Color.BLUE]


@pytest.mark.parametrize("replicas", [1, 2, 3])
async def test_every_replica_is_probed_before_traffic_moves(replicas: int) -> None:
    stack = FakeStack(make_spec(replicas=replicas))
    await stack.session.run(DEPLOY)
    assert stack.proxy.faults.calls.count("probe_replica") >= replicas * 3


async def test_nothing_touches_the_serving_color_before_the_read_back() -> None:
    stack = FakeStack()
    blue = list(stack.runtime.containers[Color.BLUE])
    await stack.session.run(DEPLOY)
    assert stack.runtime.containers[Color.BLUE] == blue
    assert all(color is Color.GREEN for _, color in stack.runtime.touched)


PAST = ("location /a/: proxy_pass http://app:8000", "location /b/: proxy_pass http://app:8000")


def warnings(stack: FakeStack) -> list[Warned]:
    return [event for event in stack.events(Warned) if isinstance(event, Warned)]


async def test_what_goes_past_the_upstream_is_warned_of_in_the_rollout_and_on_its_receipt_and_refuses_nothing() -> None:
    stack = FakeStack()
    stack.proxy.past = PAST
    assert (await stack.session.run(DEPLOY)).result is Result.DONE
    (warned,) = warnings(stack)
    assert warned.text.startswith(f"past the upstream: {'; '.join(PAST)}; ")
    assert warned.hint == "rollout check"
    assert stack.receipts.written[0].warnings == (warned.text,)


async def test_of_many_ways_past_the_upstream_three_are_told_and_none_at_full_length() -> None:
    stack = FakeStack()
    stack.proxy.past = tuple(f"location ~ {each}{'x' * 5000}: proxy_pass http://app" for each in range(9))
    await stack.session.run(DEPLOY)
    (warned,) = warnings(stack)
    assert "6 more" in warned.text
    assert len(warned.text) < 500


async def test_a_way_back_does_not_warn_again_of_what_goes_past_the_upstream() -> None:
    stack = FakeStack()
    stack.proxy.past = PAST
    stack.proxy.fresh_failure = 502
    assert (await stack.session.run(DEPLOY)).result is Result.ROLLED_BACK
    assert stack.proxy.faults.calls.count("validate") == 2
    assert len(warnings(stack)) == 1


async def test_a_deploy_without_cutover_leaves_the_traffic() -> None:
    stack = FakeStack()
    outcome = await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", cutover=False))
    assert (outcome.result, outcome.active, stack.proxy.flips) == (Result.DONE, Color.BLUE, [])
    after = await stack.session.run(Request(action=Action.CUTOVER))
    assert (after.result, after.active) == (Result.DONE, Color.GREEN)


@pytest.mark.parametrize("call", ["resolve", "keep_image", "start", "started", "changes"])
async def test_a_failure_before_the_cutover_moves_nothing_and_exits_3(call: str) -> None:
    stack = FakeStack()
    stack.runtime.faults.raises[call] = RuntimeFailedError(call, "no")
    if call == "resolve":
        with pytest.raises(RuntimeFailedError):
            await stack.session.run(DEPLOY)
        return
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.ABORTED, Color.BLUE)
    assert outcome.result.exit_code == 3
    assert (stack.proxy.flips, stack.active.color) == ([], Color.BLUE)
    assert stack.lock.label is None


async def test_a_release_that_never_gets_ready_is_stopped_and_its_logs_are_kept() -> None:
    stack = FakeStack()
    stack.proxy.ready[Color.GREEN] = 503
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert ("stop", Color.GREEN) in stack.runtime.touched
    assert stack.receipts.written[0].logs[0].lines
    assert "status 503" in outcome.message


@pytest.mark.parametrize("what", ["die", "unhealthy"])
async def test_a_replica_that_is_lost_while_it_is_waited_for_fails_the_deploy(what: str) -> None:
    stack = FakeStack()
    stack.proxy.ready[Color.GREEN] = 503

    def lose(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "await-ready":
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(later()))

    async def later() -> None:
        for _ in range(6):
            await asyncio.sleep(0)
        stack.runtime.lose(Color.GREEN, what)

    stack.session.subscribe(lose)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert stack.proxy.flips == []
    assert "replica green-" in outcome.message


async def test_a_smoke_that_fails_directly_moves_nothing() -> None:
    stack = FakeStack()
    stack.proxy.smoke[Color.GREEN] = 500
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, stack.proxy.flips) == (Result.ABORTED, [])
    assert "status 500 instead of 200, 3 attempts" in outcome.message


@pytest.mark.parametrize("call", ["write", "validate", "apply"])
async def test_a_refused_configuration_is_put_back(call: str) -> None:
    stack = FakeStack()
    stack.proxy.faults.raises[call] = ProxyRefusedError(call, "disk full")
    outcome = await stack.session.run(DEPLOY)
    observed = await stack.session.observe()
    assert (outcome.result, outcome.active) == (Result.ABORTED, Color.BLUE)
    assert observed.drift is None
    assert observed.active is Color.BLUE
    assert stack.active.color is Color.BLUE
    assert observed.upstream.configured is not None
    assert observed.upstream.live is not None
    assert observed.upstream.configured.generation == observed.upstream.live.generation


async def test_a_reload_that_is_ignored_is_told_as_refused() -> None:
    stack = FakeStack()
    stack.proxy.refuses = True
    outcome = await stack.session.run(DEPLOY)
    observed = await stack.session.observe()
    assert (outcome.result, observed.active, stack.active.color) == (Result.ABORTED, Color.BLUE, Color.BLUE)
    assert observed.drift is None


async def test_a_generation_that_is_live_on_a_strangers_address_is_not_a_cutover() -> None:
    stack = FakeStack()

    def intrude(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted):
            stack.proxy.wrong_address = "10.0.0.99:8000" if event.step == "read-back" else None
        if isinstance(event, StepFailed):
            stack.proxy.wrong_address = None

    stack.session.subscribe(intrude)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert "10.0.0.99:8000 answered" in outcome.message
    assert stack.active.color is Color.BLUE
    assert stack.proxy.flips == [Color.GREEN, Color.BLUE]
    assert stack.events(UpstreamRestored)
    assert not stack.events(CutoverSeen)


async def test_a_proxy_that_vanishes_in_the_cutover_needs_a_human_but_the_file_is_put_back() -> None:
    stack = FakeStack()
    before = stack.proxy.file
    gone = ProxyUnreachableError("reload", "no container", now="the proxy is gone", next_command="docker compose up -d")
    stack.proxy.faults.raises = {"apply": gone}
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert "the proxy is gone" in outcome.message
    assert outcome.next_command == "docker compose up -d"
    assert stack.active.color is Color.BLUE
    assert stack.proxy.file is not None
    assert before is not None
    assert b"color=blue" in stack.proxy.file


async def test_a_smoke_that_fails_through_the_proxy_rolls_back_and_exits_2() -> None:
    stack = FakeStack()
    stack.proxy.fresh_failure = 502
    outcome = await stack.session.run(DEPLOY)
    observed = await stack.session.observe()
    assert (outcome.result, outcome.result.exit_code) == (Result.ROLLED_BACK, 2)
    assert (outcome.active, observed.active, stack.active.color) == (Color.BLUE, Color.BLUE, Color.BLUE)
    assert stack.proxy.flips == [Color.GREEN, Color.BLUE]
    assert stack.events(LogsKept)
    assert ("stop", Color.GREEN) in stack.runtime.touched


async def test_a_rollback_whose_target_fails_says_so_and_does_not_flip() -> None:
    stack = FakeStack()
    stack.proxy.fresh_failure = 502
    stack.proxy.smoke[Color.BLUE] = 500
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.result.exit_code) == (Result.NEEDS_HUMAN, 1)
    assert stack.proxy.flips == [Color.GREEN]
    assert "green serves" in outcome.message


async def test_a_replica_that_dies_while_it_is_watched_rolls_back() -> None:
    stack = FakeStack(make_spec(window=5.0, replicas=2))

    def kill(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "watch":
            asyncio.get_running_loop().create_task(later())

    async def later() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        stack.runtime.lose(Color.GREEN)

    stack.session.subscribe(kill)
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, stack.active.color) == (Result.ROLLED_BACK, Color.BLUE)
    assert "replica green-3 ended with exit code 137" in outcome.message


async def test_a_health_that_is_still_starting_is_told_and_an_unhealthy_replica_gets_no_traffic() -> None:
    stack = FakeStack()
    stack.runtime.health = Health.STARTING
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.DONE
    assert any("is starting" in event.text for event in stack.events(Warned) if isinstance(event, Warned))
    stack.runtime.health = Health.UNHEALTHY
    assert (await stack.session.run(DEPLOY)).result is Result.ABORTED


async def test_requests_in_flight_are_waited_for_before_a_drain_ends() -> None:
    stack = FakeStack()
    stack.proxy.flights[Color.BLUE] = 3
    await stack.session.run(DEPLOY)
    assert stack.proxy.flights[Color.BLUE] == 0


async def test_a_drain_that_runs_out_of_time_stops_nothing() -> None:
    stack = FakeStack()
    stack.proxy.flights[Color.BLUE] = 10_000
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.DONE
    assert any("drain deadline" in event.text for event in stack.events(Warned) if isinstance(event, Warned))
    assert ("stop", Color.BLUE) not in stack.runtime.touched


async def test_what_a_retire_cuts_is_listed_as_dropped() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[Color.BLUE] = 10_000
    outcome = await stack.session.run(Request(action=Action.RETIRE))
    assert outcome.result is Result.DONE
    cut = [event for event in stack.events(RequestsCut) if isinstance(event, RequestsCut)]
    assert cut[0].count > 0
    assert stack.receipts.written[-1].cut_requests == cut[0].count


async def test_draining_the_only_serving_color_is_refused() -> None:
    stack = FakeStack()
    with pytest.raises(RefusedError, match="only color that serves"):
        await stack.session.run(Request(action=Action.DRAIN, color=Color.BLUE))
    assert stack.journal.kept == []


async def test_one_rollout_at_a_time() -> None:
    stack = FakeStack()
    stack.lock.acquire("other", since="then")
    with pytest.raises(LockHeldError):
        await stack.session.run(DEPLOY)
    assert stack.runtime.touched == []


@pytest.mark.parametrize("checks", range(14))
async def test_a_rollout_whose_lock_was_taken_over_does_nothing_more(checks: int) -> None:
    stack = FakeStack()
    stack.lock.lost_after = checks
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    started = [event.step for event in stack.events(StepStarted) if isinstance(event, StepStarted)]
    assert len(started) == checks
    assert ("stop", Color.GREEN) not in stack.runtime.touched
    assert stack.proxy.flips == ([Color.GREEN] if checks > 7 else [])


async def test_a_read_only_session_refuses_to_act() -> None:
    stack = FakeStack(read_only=True)
    for action in Action:
        with pytest.raises(ReadOnlyError):
            await stack.session.run(Request(action=action))
    with pytest.raises(ReadOnlyError):
        stack.session.break_lock()
    assert (stack.journal.kept, stack.runtime.touched) == ([], [])


async def test_a_plan_that_was_agreed_to_is_not_run_on_a_changed_stack() -> None:
    stack = FakeStack()
    agreed = await stack.session.plan(DEPLOY)
    await stack.session.run(DEPLOY)
    with pytest.raises(RefusedError, match="changed since"):
        await stack.session.run(DEPLOY, expected=agreed)


async def test_a_full_disk_stops_a_rollout_before_anything_happens() -> None:
    stack = FakeStack()

    def fill(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepSucceeded) and event.step == "preflight":
            stack.journal.error = OSError(28, "No space left on device")

    stack.session.subscribe(fill)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert (stack.runtime.touched, stack.proxy.flips) == ([], [])


async def test_a_disk_that_fills_up_after_the_cutover_stops_nothing() -> None:
    stack = FakeStack()

    def fill(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepSucceeded) and event.step == "record":
            stack.journal.error = OSError(28, "No space left on device")

    stack.session.subscribe(fill)
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert any("No space left" in event.text for event in stack.events(Warned) if isinstance(event, Warned))


async def test_a_record_that_can_not_be_written_rolls_back_rather_than_lie() -> None:
    stack = FakeStack()
    stack.active.error = OSError(28, "No space left on device")
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert stack.proxy.flips == [Color.GREEN, Color.BLUE]
    assert (await stack.session.observe()).drift is None


async def test_a_defect_in_a_handler_leaves_traffic_whole() -> None:
    stack = FakeStack()
    stack.proxy.faults.raises["read_back"] = KeyError("oops")
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert b"color=blue" in (stack.proxy.file or b"")
    assert stack.lock.label is None


async def test_a_held_rollout_waits_at_its_next_gate() -> None:
    stack = FakeStack()

    def hold(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "smoke-replicas":
            stack.session.hold()

    stack.session.subscribe(hold)
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    for _ in range(500):
        await asyncio.sleep(0)
    assert not task.done()
    assert stack.proxy.flips == []
    stack.session.resume()
    assert (await task).result is Result.DONE


PREPARE = ["preflight", "image", "start", "await-ready", "smoke-replicas"]
CUTOVER = ["write", "validate", "apply", "read-back", "record"]
AFTER = ["smoke-proxy", "watch", "drain"]


@pytest.mark.parametrize("step", PREPARE + CUTOVER + AFTER)
async def test_an_abort_at_any_step_ends_where_traffic_is_certain(step: str) -> None:
    stack = FakeStack()

    def abort(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == step:
            stack.session.abort("SIGINT")

    stack.session.subscribe(abort)
    outcome = await stack.session.run(DEPLOY)
    observed = await stack.session.observe()
    expected = Color.BLUE if step in PREPARE else Color.GREEN
    assert (outcome.result, outcome.result.exit_code) == (Result.INTERRUPTED, 130)
    assert (outcome.active, observed.active, stack.active.color) == (expected, expected, expected)
    assert observed.drift is None
    assert stack.events(AbortRequested)
    assert ("stop", Color.BLUE) not in stack.runtime.touched
    assert stack.receipts.written[-1].result == "interrupted"


HANGS = [("runtime", call) for call in ("resolve", "keep_image", "start", "started", "changes")] + [
    ("proxy", call)
    for call in ("probe_replica", "validate", "apply", "applied", "read_back", "probe_url", "old_workers")
]


@pytest.mark.parametrize(("port", "call"), HANGS)
async def test_a_cancellation_at_any_await_leaves_state_file_and_proxy_in_agreement(port: str, call: str) -> None:
    stack = FakeStack()
    faults = stack.runtime.faults if port == "runtime" else stack.proxy.faults
    faults.hangs.add(call)
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    await asyncio.wait_for(faults.hanging.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    observed = await stack.session.observe()
    assert observed.drift is None
    assert stack.lock.label is None
    served = Color.GREEN if call in {"probe_url", "old_workers"} else Color.BLUE
    assert observed.active is served
    if call != "resolve":
        final = [event.after for event in stack.events(PhaseChanged) if isinstance(event, PhaseChanged)][-1]
        assert final in {Phase.ABORTED, Phase.DONE}
        assert stack.receipts.written


async def test_a_deploy_migrates_and_says_of_each_color_when_a_plain_up_would_recreate_it() -> None:
    stack = FakeStack()
    stack.runtime.warnings = {Color.BLUE: "blue would be recreated", Color.GREEN: "green would be recreated"}
    await stack.session.run(DEPLOY)
    assert stack.runtime.migrated == [True]
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert told[-2:] == ["blue would be recreated", "green would be recreated"]
