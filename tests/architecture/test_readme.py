"""The README against the code: a page that lies is worse than none."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from itertools import pairwise

import pytest

from console.cli.exit_codes import ExitCode
from console.config.block import KEYS
from console.config.durations import DurationError, parse_duration
from console.load.thresholds import GRAMMAR
from console.model.load import Totals
from console.model.spec import (
    DrainSpec,
    ImageSpec,
    LoadSpec,
    ProxySpec,
    ReadySpec,
    SmokeSpec,
    Spec,
    StandbySpec,
    StartSpec,
    WatchSpec,
)
from console.tui import keys as console_keys
from console.tui.theme import THEMES
from tests.architecture.diagram import mermaid
from tests.architecture.source import ROOT, expect_none, sources

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = {
    "proxy": ProxySpec,
    "image": ImageSpec,
    "start": StartSpec,
    "ready": ReadySpec,
    "smoke": SmokeSpec,
    "watch": WatchSpec,
    "drain": DrainSpec,
    "standby": StandbySpec,
    "load": LoadSpec,
}


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title!r}"
    return found[1]


def table(text: str) -> list[list[str]]:
    """The rows of the first table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def plain(cell: str) -> str:
    """A cell's text without its backticks."""
    return cell.replace("`", "")


@cache
def rollout(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from console.cli.main import main; sys.exit(main())", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_the_state_diagram_is_the_transition_table() -> None:
    found = re.search(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert found, "the README has no state diagram"
    assert found[1] == mermaid(), f"the table has changed; the diagram should now be:\n{mermaid()}"


def test_the_exit_codes_are_those_of_the_code() -> None:
    documented = {int(code): meaning for code, meaning in table(section("Exit codes"))}
    assert documented == {int(code): code.meaning for code in ExitCode}


def documented_keys() -> dict[str, list[str]]:
    return {plain(row[0]): row for row in table(section("Configuration"))}


def keys() -> set[str]:
    """Every key that `x-rollout` may have; `colors` counts as one."""
    nested = {f"{name}.{key}" for name, inner in KEYS.items() if name != "colors" for key in inner}
    return nested | {name for name, inner in KEYS.items() if not inner or name == "colors"}


def specified() -> dict[str, Field[object]]:
    """The field of the specification behind each key; it also has fields that no key sets."""
    top = {field.name: field for field in fields(Spec)}
    nested = {f"{name}.{field.name}": field for name, block in BLOCKS.items() for field in fields(block)}
    return {key: (top | nested)[key] for key in keys() - {"colors"}}


def test_every_key_that_is_read_is_documented_and_no_other() -> None:
    assert set(documented_keys()) == keys()


@pytest.mark.parametrize("key", sorted(specified()))
def test_a_documented_default_is_the_real_one(key: str) -> None:
    default, text = specified()[key].default, plain(documented_keys()[key][1])
    if default is MISSING:
        return
    try:
        assert parse_duration(text) == default
    except DurationError:
        value = default.value if isinstance(default, Enum) else default
        assert text == (
            str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float | int) else value
        )


def test_the_documented_environment_names_are_those_that_are_read() -> None:
    documented = set(re.findall(r"ROLLOUT_[A-Z_]*[A-Z]", section("Configuration")))
    config = "\n".join(source.text for source in sources() if source.module.startswith("console.config"))
    read = set(re.findall(r"ROLLOUT_[A-Z_]*[A-Z]\b", config))
    if 'f"ROLLOUT_SMOKE_{name.upper()}"' in config:
        read |= {f"ROLLOUT_SMOKE_{key.upper()}" for key in KEYS["smoke"]}
    assert documented == read


def test_every_command_is_documented_and_exists() -> None:
    documented = [plain(row[0]) for row in table(section("Commands"))]
    assert documented[0] == "rollout"
    usage = rollout("--help").stdout
    existing = re.findall(r"^    ([a-z]+)  ", usage, re.MULTILINE)
    assert sorted(f"rollout {name}" for name in existing) == sorted(documented[1:])


def test_every_flag_is_in_the_readme_and_no_other() -> None:
    commands = re.findall(r"^    ([a-z]+)  ", rollout("--help").stdout, re.MULTILINE)
    helps = "".join(rollout(name, "--help").stdout for name in commands)
    written, offered = (set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) for text in (README, helps))
    expect_none(sorted(written - offered))
    # The long forms of what is written as `-f`, `-p` and `-h`.
    expect_none(sorted(offered - written - {"--file", "--project-name", "--help"}))


def test_every_counter_of_the_load_is_documented_by_its_names() -> None:
    rows = table(section("Synthetic load, and the receipt").partition("### How it measures")[0])
    counters = GRAMMAR.partition("NAME is one of ")[2].partition(" (a number")[0].split(", ")
    assert {plain(row[2]) for row in rows if row[2]} == {*counters, "rate"}
    written = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert written == set(Totals.__struct_fields__) - {"responses", "retries", "opened"}


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", README, re.MULTILINE))
    assert {first or second for first, second in named} <= targets


def test_every_local_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    expect_none(link for link in links if "://" not in link and not (ROOT / link).exists())


def test_headings_are_in_order_and_no_table_is_ragged() -> None:
    levels = [len(found[1]) for found in re.finditer(r"^(#+) ", README, re.MULTILINE)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    for block in re.split(r"\n\n", README):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1, rows[0]


def test_every_key_of_the_console_is_in_its_table() -> None:
    text = section("The console").split("\n\n| a deploy")[0]
    kinds = (console_keys.Kind.ACTS, console_keys.Kind.DEMO, console_keys.Kind.LOOKS)
    expected = [
        [f"`{key.shown}`", key.help] for kind in kinds for key in console_keys.KEYS if key.kind is kind and key.shown
    ]
    assert table(text) == expected


def test_the_themes_are_those_of_the_palette() -> None:
    listed = re.search(r"^theme: nord +# (.*)$", section("The console"), re.MULTILINE)
    assert listed
    assert tuple(re.split(r", | or ", listed[1])) == THEMES


def test_every_picture_that_is_shown_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert shown
    assert [name for name in shown if not (ROOT / name).is_file()] == []
