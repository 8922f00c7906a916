"""history, receipt, check: commands that only print."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from console.cli.plain import from_plain
from console.cli.render.receipt import receipt_markdown, receipt_text
from console.cli.render.receipt_junit import receipt_junit
from console.cli.render.style import Style
from console.cli.terminal import Terminal
from console.model.events import Event, Record
from console.model.finding import Finding, Severity
from console.model.receipt import Receipt
from console.model.receipt_load import LoadAttempts
from tests.cli import samples
from tests.cli.conftest import Rollout
from tests.cli.fakes import Script, held


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    directory = tmp_path / "state" / "receipts"
    directory.mkdir(parents=True)
    for number in (9, 17):
        content = {"version": 1} | asdict(replace(samples.RECEIPT, rollout=number))
        (directory / f"{number}.json").write_text(json.dumps(content, indent=2))
    (directory / "notes.json").write_text("{}")
    return directory


def test_the_history_is_a_table_newest_first(rollout: Rollout) -> None:
    ran = rollout("history", script=Script(history=samples.HISTORY))
    assert ran.code == 0
    assert ran.out == (
        "id   color  at                by   image id      image\n"
        "r42  green  2026-03-01 12:00  sha  aaaaaaaaaaaa  shop-app:42\n"
        "r41  blue   2026-03-01 12:00  sha  bbbbbbbbbbbb  shop-app:41\n"
    )


def test_a_withdrawn_release_says_so(rollout: Rollout) -> None:
    withdrawn = replace(samples.HISTORY[0], withdrawn=True)
    out = rollout("history", script=Script(history=(withdrawn, samples.HISTORY[1]))).out
    assert "shop-app:42  withdrawn\n" in out
    assert "shop-app:41\n" in out


def test_the_history_can_be_cut_short(rollout: Rollout) -> None:
    assert "r41" not in rollout("history", "--limit", "1", script=Script(history=samples.HISTORY)).out


def test_an_empty_history_says_what_makes_the_first_release(rollout: Rollout) -> None:
    assert "rollout deploy" in rollout("history").out


def test_the_history_is_data_under_json(rollout: Rollout) -> None:
    document = rollout("history", "--json", script=Script(history=samples.HISTORY)).document
    assert (document["v"], document["type"]) == (1, "history")
    assert document["releases"][0] == {  # type: ignore[index]
        "id": 42,
        "color": "green",
        "image": {"reference": "shop-app:42", "id": samples.IMAGES[samples.Color.GREEN], "digest": None},
        "config_hash": "c0ffee",
        "by": "sha",
        "at": samples.AT,
        "withdrawn": False,
    }


@pytest.mark.usefixtures("receipts")
def test_the_newest_receipt_is_printed_without_a_number(rollout: Rollout) -> None:
    ran = rollout("receipt")
    assert ran.code == 0
    assert ran.out.startswith("receipt 17: deploy of shop  ✗ rolled back\n")
    assert "  ✗ failed    smoke green | through the proxy    2.00 s\n" in ran.out
    assert "cut        3 requests at the drain deadline: dropped" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.usefixtures("receipts")
def test_a_receipt_is_named_by_its_rollout(rollout: Rollout) -> None:
    assert rollout("receipt", "9").out.startswith("receipt 9:")


@pytest.mark.usefixtures("receipts")
def test_a_receipt_that_is_not_there_names_those_that_are(rollout: Rollout) -> None:
    ran = rollout("receipt", "12")
    assert ran.code == 3
    assert "newest: 17, 9" in ran.err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rollout": 17}'])
def test_a_receipt_that_can_not_be_read_leads_to_the_journal(rollout: Rollout, receipts: Path, text: str) -> None:
    (receipts / "17.json").write_text(text)
    (receipts.parent / "journal.jsonl").write_text('{"v":1,"rollout":16,"seq":1}\n{"v":1,"rollout":17,"seq":2}\n')
    ran = rollout("receipt")
    assert ran.code == 3
    assert "could not read the receipt" in ran.err
    (command,) = [line.removeprefix("  next ").strip() for line in ran.err.splitlines() if line.startswith("  next ")]
    shown = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert shown.stdout == '{"v":1,"rollout":17,"seq":2}\n'


def test_without_any_receipt_it_says_so(rollout: Rollout) -> None:
    ran = rollout("receipt")
    assert ran.code == 3
    assert "receipt of the last rollout" in ran.err


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"rollout": "x"}', "\x00", '{"rollout": true}'])
def test_a_torn_receipt_is_told_without_a_traceback(rollout: Rollout, receipts: Path, content: str) -> None:
    (receipts / "17.json").write_text(content)
    ran = rollout("receipt")
    assert ran.code == 3
    assert "17.json" in ran.err
    assert "Traceback" not in ran.err


def test_a_receipt_in_the_format_json_is_the_file_as_it_lies_there(rollout: Rollout, receipts: Path) -> None:
    assert rollout("receipt", "--format", "json").out == (receipts / "17.json").read_text() + "\n"


def test_a_receipt_under_json_is_one_typed_object_on_a_line(rollout: Rollout, receipts: Path) -> None:
    document = rollout("receipt", "--json").document
    assert document == {"v": 1, "type": "receipt", "receipt": json.loads((receipts / "17.json").read_text())}


@pytest.mark.parametrize("name", ["0014.json", "0.json", "\u0661\u0668.json", "1e3.json"])
@pytest.mark.parametrize("argv", [(), ("17",)])
def test_what_no_rollout_wrote_is_no_receipt(
    rollout: Rollout, receipts: Path, name: str, argv: tuple[str, ...]
) -> None:
    for path in receipts.glob("9.json"):
        path.rename(receipts / name)
    ran = rollout("receipt", *argv)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "receipt 17: deploy of shop  ✗ rolled back")
    (receipts / "17.json").unlink()
    assert "newest: none" in rollout("receipt", *argv).err


@pytest.mark.parametrize("number", ["0", "r0", "-1", "x"])
def test_a_receipt_has_a_number_from_1(rollout: Rollout, number: str) -> None:
    ran = rollout("receipt", number)
    assert (ran.code, ran.out) == (64, "")


def journal(*rollouts: tuple[int, tuple[Event, ...]]) -> tuple[Record, ...]:
    """What the journal knows of them."""
    events = [(number, event) for number, told in rollouts for event in told]
    return tuple(
        Record(rollout=number, sequence=sequence, at=samples.AT, event=event)
        for sequence, (number, event) in enumerate(events, start=1)
    )


CUT_OFF = samples.GOOD[:4]
FORMS = [(), ("--json",), ("--format", "json"), ("--format", "md"), ("--format", "junit")]


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("argv", [(), ("18",)])
def test_an_older_receipt_is_no_answer_for_a_rollout_that_was_cut_off(
    rollout: Rollout, argv: tuple[str, ...], form: tuple[str, ...]
) -> None:
    ran = rollout("receipt", *argv, *form, script=Script(records=journal((17, samples.GOOD), (18, CUT_OFF))))
    assert ran.code == 3
    assert "receipt 17" not in ran.out
    told = " ".join(ran.err.split())
    assert "rollout 18 has left no receipt: it never ended" in told
    assert "the newest receipt is that of rollout 17" in told
    assert told.endswith("next rollout recover")


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("argv", [(), ("18",)])
@pytest.mark.parametrize("events", [CUT_OFF, samples.GOOD])
def test_a_rollout_that_still_runs_has_no_receipt_yet(
    rollout: Rollout, argv: tuple[str, ...], events: tuple[Event, ...]
) -> None:
    script = Script(records=journal((17, samples.GOOD), (18, events)), lock=held())
    ran = rollout("receipt", *argv, script=script)
    told = " ".join(ran.err.split())
    assert (ran.code, ran.out) == (3, "")
    assert "rollout 18 has no receipt yet: it still runs" in told
    assert told.endswith("next rollout status")


@pytest.mark.usefixtures("receipts")
def test_a_lock_that_another_command_holds_makes_no_rollout_run(rollout: Rollout) -> None:
    lock = replace(held(), fence=samples.STARTED.fence + 1)
    script = Script(records=journal((17, samples.GOOD), (18, CUT_OFF)), lock=lock)
    assert "it never ended" in " ".join(rollout("receipt", script=script).err.split())


@pytest.mark.usefixtures("receipts")
def test_a_rollout_that_ended_without_its_receipt_leads_to_the_journal(rollout: Rollout) -> None:
    ran = rollout("receipt", script=Script(records=journal((17, samples.GOOD), (18, samples.GOOD))))
    told = " ".join(ran.err.split())
    assert ran.code == 3
    assert "rollout 18 has no receipt, though it ended: green serves" in told
    assert "grep '\"rollout\":18,'" in told


@pytest.mark.usefixtures("receipts")
def test_of_a_rollout_that_was_cut_off_long_ago_nothing_is_left_to_recover(rollout: Rollout) -> None:
    script = Script(records=journal((16, CUT_OFF), (17, samples.GOOD)))
    assert rollout("receipt", script=script).out.startswith("receipt 17:")
    ran = rollout("receipt", "16", script=script)
    told = " ".join(ran.err.split())
    assert ran.code == 3
    assert "rollout 16 has left no receipt: it never ended" in told
    assert told.endswith("next rollout history")


@pytest.mark.usefixtures("receipts")
def test_a_journal_that_does_not_reach_so_far_hides_no_receipt(rollout: Rollout) -> None:
    assert rollout("receipt", script=Script(records=journal((4, CUT_OFF)))).out.startswith("receipt 17:")
    assert rollout("receipt", "9", script=Script(records=journal((18, CUT_OFF)))).out.startswith("receipt 9:")


@pytest.mark.usefixtures("receipts")
def test_a_receipt_as_markdown_keeps_its_table_whole(rollout: Rollout) -> None:
    text = rollout("receipt", "--format", "md").out
    assert text.startswith("# Rollout 17: deploy of shop, rolled back\n")
    assert r"| smoke green \| through the proxy | failed | 2.00 s | status 500 \<instead\> of 200 |" in text
    assert "    boom red\n" in text


@pytest.mark.usefixtures("receipts")
def test_a_receipt_as_junit_is_what_ci_reads(rollout: Rollout) -> None:
    suite = ET.fromstring(rollout("receipt", "--format", "junit").out)
    assert suite.tag == "testsuite"
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    cases = suite.findall("testcase")
    names = ["rollout.prepare", "rollout.verify", "rollout.verify", "rollout"]
    assert [case.get("classname") for case in cases] == names
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "status 500 <instead> of 200"


def test_a_failed_rollout_without_a_failed_step_still_fails_in_junit() -> None:
    suite = ET.fromstring(receipt_junit(replace(samples.RECEIPT, steps=samples.RECEIPT.steps[:1], cut_requests=0)))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_a_good_rollout_passes_in_junit() -> None:
    good = replace(samples.RECEIPT, steps=samples.RECEIPT.steps[:1], exit_code=0, result="done", cut_requests=0)
    assert ET.fromstring(receipt_junit(good)).get("failures") == "0"


def test_a_receipt_survives_its_own_json() -> None:
    plain = json.loads(json.dumps({"version": 1, "of_a_later_version": []} | asdict(samples.RECEIPT)))
    assert from_plain(Receipt, plain) == samples.RECEIPT


def test_the_text_of_a_receipt_fits_80_columns() -> None:
    long = replace(samples.RECEIPT.steps[0], title="a very long title " * 10)
    text = receipt_text(replace(samples.RECEIPT, steps=(long,)), Style(Terminal()))
    assert all(len(line) <= 80 for line in text.splitlines())


LOADED = replace(samples.RECEIPT, load=samples.LOAD)
NO_PROOF = replace(samples.LOAD, dropped=0, recovered=0, valid=False, problem="the generator died", failures=())


def test_a_receipt_with_load_counts_dropped_requests_by_phase_and_release() -> None:
    text = receipt_text(LOADED, Style(Terminal()))
    assert "  requests   2 dropped / 48,213\n" in text
    assert "  browser    1 dropped as a browser sees it\n" in text
    row = next(line for line in text.splitlines() if line.startswith("  cutting over"))
    assert row.split()[2:] == ["48,213", "48,213", "2", "1", "0", "0", "1.2", "8.4", "35.0"]
    assert next(line for line in text.splitlines() if line.startswith("  green v42")).count("no data") == 1
    listed = " ".join(text.split())
    assert "1 x cutting over, status 502 at response, reused connection, (proxy); 12:00:00.000" in listed
    assert "12:00:00.000 status 502, 8 ms after sending, (proxy), bad gateway" in listed
    assert "and 1 more, not listed one by one" in text
    assert "  recycled   3 idle connections were found closed before use\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize(
    ("stage", "age", "told"),
    [
        ("connect", 0.0001, "<1 ms in the connect"),
        ("handshake", 0.02, "20 ms after the connect began"),
        ("first byte", 0.0007, "1 ms after sending"),
        ("idle", 3.0, "3.00 s after the last request"),
    ],
)
def test_a_failure_says_how_long_after_what_it_came(stage: str, age: float, told: str) -> None:
    (failure,) = samples.LOAD.failures
    failed = replace(failure, kind="reset", status=None, stage=stage, age=age, release="")
    text = receipt_text(replace(LOADED, load=replace(samples.LOAD, failures=(failed,))), Style(Terminal()))
    assert f"12:00:00.000 reset, {told}, bad gateway" in " ".join(text.split())


def _failing(count: int) -> Receipt:
    (failure,) = samples.LOAD.failures
    failures = tuple(replace(failure, at=failure.at + number / 1000, retry="recovered") for number in range(count))
    return replace(LOADED, load=replace(samples.LOAD, dropped=count, failures=failures, failures_omitted=0))


def test_many_failures_alike_are_one_line_and_leave_the_reason_in_sight() -> None:
    text = receipt_text(_failing(110), Style(Terminal()))
    assert len(text.splitlines()) < 60
    assert text.index("smoke green: status 500") < text.index("| boom red") < text.index("failed requests")
    told = " ".join(text.split())
    assert "110 x cutting over, status 502 at response" in told
    assert "a browser's retry recovers; 12:00:00.000 to 12:00:00.109" in told
    assert "the last 10 of them: 12:00:00.100 status 502" in told
    assert told.count("bad gateway") == 10


def test_many_failures_alike_are_few_lines_of_markdown_and_all_there_in_json() -> None:
    text = receipt_markdown(_failing(110))
    assert text.count("bad gateway") == 10
    assert text.index("## Failures") < text.index("## Last lines of") < text.index("## Failed requests")
    assert json.dumps(asdict(_failing(110))).count("gateway") == 110


def test_what_was_sent_answered_and_tried_in_vain_is_told_by_kind() -> None:
    (phase,) = samples.LOAD.by_phase
    line = replace(phase, due=48_300, not_sent=(("connection cap", 87),), statuses=((200, 48_211), (302, 5)))
    attempts = (LoadAttempts(kind="reset", stage="first byte", connection="reused", retry=True, count=7),)
    load = replace(samples.LOAD, not_sent=87, by_phase=(line,), attempts=attempts, slow_connects=4)
    told = " ".join(receipt_text(replace(LOADED, load=load), Style(Terminal())).split())
    assert "cutting over 87 of 48,300 due (connection cap)" in told
    assert "statuses 200 x 48,211, 302 x 5" in told
    assert "attempts reset at first byte on a reused connection (retry) x 7" in told
    assert "connects 4 took 1 s and more" in told
    loaded = replace(LOADED, load=load)
    assert from_plain(Receipt, json.loads(json.dumps(asdict(loaded)))) == loaded


@pytest.mark.parametrize(
    ("in_the_end", "told"),
    [
        (None, "500 synthetic requests/s to "),
        (500.0, "500 synthetic requests/s to "),
        (1000.0, "500 synthetic requests/s, in the end 1000/s, to "),
    ],
)
def test_a_rate_that_was_changed_meanwhile_is_told_wherever_the_receipt_is(in_the_end: float | None, told: str) -> None:
    receipt = replace(LOADED, load=replace(samples.LOAD, rate=500.0, rate_at_end=in_the_end))
    for text in (receipt_text(receipt, Style(Terminal())), receipt_markdown(receipt), receipt_junit(receipt)):
        assert told in " ".join(text.split())


def test_a_receipt_with_load_fits_into_80_columns_whatever_a_release_is_called() -> None:
    line = replace(samples.LOAD.by_phase[0], name=f"green {'v2026.03.01-' * 8}", done=48_213_000)
    load = replace(samples.LOAD, by_release=(line, *samples.LOAD.by_release))
    text = receipt_text(replace(LOADED, load=load), Style(Terminal()))
    assert max(map(len, text.splitlines())) <= 80
    assert "green v2026.03.01-v2026.03.01-" not in text
    assert "48,213,000" in text


def test_every_phase_says_how_many_requests_were_due_in_it_in_the_columns_of_the_releases() -> None:
    (phase,) = samples.LOAD.by_phase
    later = replace(phase, name="rolling back", due=1210, done=1200, not_sent=(("connection cap", 10),))
    release = replace(phase, name="blue v41", due=None)
    load = replace(samples.LOAD, by_phase=(phase, later), by_release=(release, *samples.LOAD.by_release))
    text = receipt_text(replace(LOADED, load=load), Style(Terminal()))
    rows = [line for line in text.splitlines() if line.startswith(("  phase ", "  cutting over ", "  rolling back "))]
    assert [row.split()[0 if row.startswith("  phase") else 2] for row in rows] == ["phase", "48,213", "1,210"]
    heads = [line for line in text.splitlines() if line.split()[-6:] == ["p50", "ms", "p99", "ms", "max", "ms"]]
    assert [head.index("dropped") for head in heads] == [heads[0].index("dropped")] * 2
    assert max(map(len, text.splitlines())) <= 80


def test_a_load_that_proves_nothing_is_never_shown_as_zero_drops() -> None:
    text = receipt_text(replace(LOADED, load=NO_PROOF), Style(Terminal()))
    assert "requests   no proof, the generator died (0 dropped / 48,213)\n" in text


def test_stray_answers_are_told_and_void_the_proof() -> None:
    stray = replace(samples.LOAD, dropped=0, recovered=0, stray=86)
    text = " ".join(receipt_text(replace(LOADED, load=stray), Style(Terminal())).split())
    assert "no proof, 86 idle connections brought bytes that nobody asked for (0 dropped / 48,213)" in text
    # Where there are drops, they come first.
    text = receipt_text(replace(LOADED, load=replace(samples.LOAD, stray=86)), Style(Terminal()))
    assert "  requests   2 dropped / 48,213\n" in text
    assert "  stray      86 idle connections" in text


def test_a_gap_in_which_the_rollout_was_stopped_is_told_and_voids_the_proof() -> None:
    load = replace(samples.LOAD, dropped=0, recovered=0, suspended=12.34)
    text = " ".join(receipt_text(replace(LOADED, load=load), Style(Terminal())).split())
    assert "no proof, no data for 12.3 s: the rollout itself was stopped (0 dropped / 48,213)" in text
    assert "gap no data for 12.3 s: the rollout itself was stopped" in text
    assert not load.proves_zero


def test_a_load_that_dropped_or_proves_nothing_fails_in_junit() -> None:
    good = replace(samples.LOAD, dropped=0, recovered=0, failures=())
    cases = {}
    for name, load in (
        ("dropped", samples.LOAD),
        ("no proof", NO_PROOF),
        ("stray", replace(good, stray=1)),
        ("good", good),
    ):
        suite = ET.fromstring(receipt_junit(replace(LOADED, steps=(), exit_code=0, load=load, cut_requests=0)))
        cases[name] = (suite.get("tests"), suite.get("failures"))
    failing = dict.fromkeys(("dropped", "no proof", "stray"), ("1", "1"))
    assert cases == failing | {"good": ("1", "0")}


def test_requests_that_a_drain_deadline_cut_fail_in_junit_with_and_without_load() -> None:
    good = replace(samples.LOAD, dropped=0, recovered=0, failures=())
    for load in (None, good):
        suite = ET.fromstring(receipt_junit(replace(samples.RECEIPT, steps=(), exit_code=0, load=load, cut_requests=3)))
        assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
        failure = suite.find("testcase[@name='requests']/failure")
        assert failure is not None
        assert failure.get("message") == "3 requests were cut at the drain deadline"


def test_a_receipt_with_load_as_markdown_has_its_tables() -> None:
    text = receipt_markdown(LOADED)
    assert "| phase | due | done | dropped |" in text
    assert "| cutting over | 48,213 | 48,213 | 2 | 1 | 0 | 0 | 1.2 | 8.4 | 35.0 |\n" in text
    assert "## Failed requests" in text
    assert "\x1b" not in text


def test_a_receipt_with_load_survives_its_own_json() -> None:
    assert from_plain(Receipt, json.loads(json.dumps(asdict(LOADED)))) == LOADED


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("rollout",), "x", "rollout"),
        (("steps",), {}, "steps"),
        (("steps", 0, "seconds"), "long", "steps: seconds"),
        (("load", "due"), 1.5, "load: due"),
        (("active",), "red", "active"),
        (("versions",), [["docker"]], "versions"),
    ],
)
def test_a_wrong_field_of_a_receipt_is_named(path: tuple[str | int, ...], value: object, named: str) -> None:
    plain = json.loads(json.dumps(asdict(LOADED)))
    *parents, last = path
    target = plain
    for key in parents:
        target = target[key]
    target[last] = value
    with pytest.raises((TypeError, ValueError), match=named):
        from_plain(Receipt, plain)


BLOCKER = Finding(
    severity=Severity.BLOCKER,
    code="service.healthcheck",
    where="services.app",
    what="it has no healthcheck",
    why="nothing tells when a replica is ready",
    fix="add a healthcheck",
)
WARNING = replace(BLOCKER, severity=Severity.WARNING, code="service.restart", what="it has no restart policy")
HINT = replace(BLOCKER, severity=Severity.HINT, code="image.latest")
FINE = Finding(severity=Severity.OK, code="proxy.version", where="proxy", what="nginx 1.30.0")


@pytest.mark.parametrize(
    ("findings", "argv", "code"),
    [
        ((), (), 0),
        ((FINE, HINT), ("--strict",), 0),
        ((WARNING, FINE), (), 0),
        ((WARNING, FINE), ("--strict",), 1),
        ((BLOCKER,), (), 1),
        ((BLOCKER, WARNING), ("--strict",), 1),
    ],
)
def test_check_fails_with_blockers_and_strictly_with_warnings_too(
    rollout: Rollout, findings: tuple[Finding, ...], argv: tuple[str, ...], code: int
) -> None:
    ran = rollout("check", *argv, script=Script(findings=findings))
    assert ran.code == code
    assert "will this drop requests?" in ran.out.splitlines()[-1]


def test_check_groups_by_severity_with_why_and_fix(rollout: Rollout) -> None:
    out = rollout("check", script=Script(findings=(FINE, WARNING, BLOCKER))).out
    assert out.index("service.healthcheck") < out.index("service.restart") < out.index("proxy.version")
    assert "    why        nothing tells when a replica is ready\n" in out
    assert "    fix        add a healthcheck\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_check_is_data_under_json(rollout: Rollout) -> None:
    document = rollout("check", "--json", script=Script(findings=(BLOCKER,))).document
    assert (document["type"], document["exit_code"]) == ("check", 1)
    assert document["findings"][0]["code"] == "service.healthcheck"  # type: ignore[index]


HOSTILE = (
    "</td>|`x` *b* _i_ [l](http://e) <img src=x>",
    "&lt;b&gt; &#8238; ~~gone~~ $x^2$",
    "# a heading",
    "- a list",
    "12. a list",
    "+ a list",
    "back\\slash \\| and ``code`` at the end `",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text_in_markdown(text: str) -> None:
    receipt = replace(samples.RECEIPT, message=text, command=text, warnings=(text,), failures=(text,))
    parts = [
        part.content
        for token in MarkdownIt().enable("strikethrough").enable("table").parse(receipt_markdown(receipt))
        for part in token.children or (token,)
        if part.type in {"text", "text_special", "code_inline"}
    ]
    shown = "".join(parts)
    assert shown.count(text) == 4
    assert "$" not in re.sub(r"\\[$]", "", receipt_markdown(replace(receipt, command="")))
