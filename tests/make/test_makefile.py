"""The Makefile, as a real `make` reads it: dry runs, and runs in which a recorder stands in `rollout`'s place."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = [
    "help", "init", "build", "up", "down", "deploy", "cutover", "rollback", "drain", "status", "logs", "demo", "test",
    "check", "bench", "screenshots", "clean",
]  # fmt: skip
DESTRUCTIVE = re.compile(r"\b(down|stop|rm|kill|restart|prune|rmi)\b")
RECORDER = """\
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "directory": os.getcwd(), "files": os.environ.get("COMPOSE_FILE")}))
"""
TRAMPOLINE = f"""#!/bin/sh
exec {shlex.quote(sys.executable)} "${{0%/*}}/recorder.py" "$@"
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture(params=["svc", "my services"], ids=["plain path", "path with a space"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with the Makefile and an environment that counts as installed."""
    tree = tmp_path / request.param
    bin_directory = tree / ".venv" / "bin"
    bin_directory.mkdir(parents=True)
    shutil.copy2(ROOT / "Makefile", tree)
    (tree / "pyproject.toml").write_text("")
    for stamp in (".installed", ".installed-demo", ".installed-dev", ".installed-screenshots"):
        (tree / ".venv" / stamp).write_text("")
        os.utime(tree / ".venv" / stamp, (2_000_000_000, 2_000_000_000))
    (bin_directory / "recorder.py").write_text(RECORDER)
    for program in ("rollout", "python", "docker", "lint-imports"):
        recorder = bin_directory / program
        recorder.write_text(TRAMPOLINE)
        recorder.chmod(0o755)
    return tree


def make(
    *arguments: str, at: Path, environment: dict[str, str] | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run make in `at`, with nothing of the developer's own variables."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C"}
    if path is not None:
        kept["PATH"] = f"{path}:{kept['PATH']}"
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=at,
        env=kept | (environment or {}),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def dry(*arguments: str, at: Path, environment: dict[str, str] | None = None) -> str:
    """What make would run, without the name of the directory, which carries the test's own words."""
    done = make("-n", *arguments, at=at, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(str(at), "ROOT")


def recorded(*arguments: str, at: Path, environment: dict[str, str] | None = None) -> list[str]:
    """The arguments that really arrive at the program behind a target."""
    done = make("-s", *arguments, at=at, environment=environment)
    assert done.returncode == 0, done.stderr
    argv = json.loads(done.stdout.splitlines()[-1])["argv"]
    assert isinstance(argv, list)
    return argv


def test_make_alone_prints_help_and_runs_nothing(tree: Path) -> None:
    assert make(at=tree).stdout == make("help", at=tree).stdout
    assert "deploy" in make(at=tree).stdout


def test_help_lists_every_target_with_what_it_does(tree: Path) -> None:
    listed = dict(line.split(maxsplit=1) for line in make(at=tree).stdout.splitlines())
    assert sorted(listed) == sorted(TARGETS)
    assert all(listed.values())
    assert max(map(len, make(at=tree).stdout.splitlines())) <= 110


def test_every_target_is_phony(tree: Path) -> None:
    makefile = (tree / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert sorted(phony.split()) == sorted(TARGETS)
    for target in TARGETS:
        (tree / target).write_text("in the way")
    assert "rollout deploy" in dry("deploy", at=tree)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_dry_run(tree: Path, target: str) -> None:
    assert dry(target, at=tree)


def test_targets_work_from_any_directory(tree: Path, tmp_path: Path) -> None:
    for how in (["-C", str(tree)], ["-f", str(tree / "Makefile")], ["-f", f"{tree.name}/Makefile"]):
        done = make("-s", *how, "status", at=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["directory"] == str(tree)


@pytest.mark.parametrize("target", ["up", "down", "deploy", "cutover", "rollback", "drain", "status"])
def test_a_target_is_the_command_of_the_same_name(tree: Path, target: str) -> None:
    assert recorded(target, at=tree) == [target]


def test_init_makes_the_generated_parts(tree: Path) -> None:
    assert recorded("init", at=tree) == ["init", "--write"]


def test_deploy_names_no_destructive_verb(tree: Path) -> None:
    every = ["SMOKE_URL=u", "SMOKE_STATUS=200", "SMOKE_ATTEMPTS=3", "SMOKE_TIMEOUT=2s", "SMOKE_DELAY=1s"]
    shutil.rmtree(tree / ".venv")
    for target in ("deploy", "up", "cutover", "rollback"):
        assert not DESTRUCTIVE.search(dry(target, *every, at=tree)), target


def test_up_never_names_green(tree: Path) -> None:
    assert "green" not in dry("up", at=tree)
    assert "profile" not in dry("up", at=tree)


SMOKE = {
    "SMOKE_URL": ("--smoke-url", "http://127.0.0.1:8080/health"),
    "SMOKE_STATUS": ("--smoke-status", "204"),
    "SMOKE_ATTEMPTS": ("--smoke-attempts", "9"),
    "SMOKE_TIMEOUT": ("--smoke-timeout", "3s"),
    "SMOKE_DELAY": ("--smoke-delay", "250ms"),
}


@pytest.mark.parametrize("name", SMOKE)
def test_a_smoke_flag_is_forwarded_only_when_set(tree: Path, name: str) -> None:
    flag, value = SMOKE[name]
    assert recorded("deploy", f"{name}={value}", at=tree) == ["deploy", flag, value]
    assert recorded("deploy", at=tree, environment={name: value}) == ["deploy", flag, value]
    assert recorded("deploy", f"{name}=", at=tree) == ["deploy"]
    assert recorded("deploy", f"{name}= ", at=tree) == ["deploy"]


def test_the_command_line_overrides_the_environment(tree: Path) -> None:
    assert recorded("deploy", "SMOKE_STATUS=", at=tree, environment={"SMOKE_STATUS": "204"}) == ["deploy"]


def test_all_smoke_flags_go_together_to_deploy_cutover_and_rollback(tree: Path) -> None:
    given = [f"{name}={value}" for name, (_, value) in SMOKE.items()]
    expected = [part for pair in SMOKE.values() for part in pair]
    for target in ("deploy", "cutover", "rollback"):
        assert recorded(target, *given, at=tree) == [target, *expected]
    assert recorded("status", *given, at=tree) == ["status"]


@pytest.mark.parametrize(
    "value",
    [
        "http://a/?x=$HOME&y=`id`;z",
        "it's",
        'say "hi"',
        "a b",
        "$(shell id)",
        "$$",
        "#no comment",
        "back\\slash",
        "a\nb",
    ],
)
def test_a_value_arrives_as_one_word_whatever_is_in_it(tree: Path, value: str) -> None:
    expected = value.replace("\n", " ")
    assert recorded("deploy", at=tree, environment={"SMOKE_URL": value})[1:] == ["--smoke-url", expected]
    assert recorded("deploy", at=tree, environment={"PROJECT_NAME": value})[1:] == ["-p", expected]


def test_project_and_files_override(tree: Path) -> None:
    arguments = recorded("deploy", "PROJECT_NAME=shop", "COMPOSE_FILE=a.yml:b c.yml", at=tree)
    assert arguments == ["deploy", "-p", "shop", "-f", "a.yml", "-f", "b c.yml"]
    assert recorded("status", "COMPOSE_FILE=", at=tree) == ["status"]


def test_compose_file_in_the_environment_stays_there(tree: Path) -> None:
    done = make("-s", "deploy", at=tree, environment={"COMPOSE_FILE": "docker-compose.yml:state/colors.yml"})
    document = json.loads(done.stdout)
    assert document["argv"] == ["deploy"]
    assert document["files"] == "docker-compose.yml:state/colors.yml"


def test_more_arguments_are_words_of_the_shell(tree: Path) -> None:
    assert recorded("deploy", "ARGS=--image 'shop:4 2' --plan", at=tree) == ["deploy", "--image", "shop:4 2", "--plan"]


def test_a_build_never_sees_the_pins(tree: Path) -> None:
    def files(*arguments: str, environment: dict[str, str] | None = None) -> str | None:
        done = make("-s", "build", *arguments, at=tree, environment=environment, path=tree / ".venv" / "bin")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["argv"][:3] == ["compose", "--profile", "*"]
        assert document["argv"][-1] == "build"
        found = document["files"]
        assert found is None or isinstance(found, str)
        return found

    assert files() is None
    pinned = "docker-compose.yml:state/colors.yml"
    assert files(environment={"COMPOSE_FILE": pinned}) == "docker-compose.yml"
    assert files(f"COMPOSE_FILE={pinned}:more.yml") == "docker-compose.yml:more.yml"
    (tree / ".env").write_text(f"COMPOSE_FILE='{pinned}'\n")
    assert files() == "docker-compose.yml"


def test_the_demo_is_headless_without_a_terminal(tree: Path) -> None:
    assert recorded("demo", at=tree) == ["demo", "--headless"]
    assert recorded("demo", "ARGS=--deploys 3", at=tree) == ["demo", "--headless", "--deploys", "3"]


def test_the_demo_opens_the_console_on_a_terminal(tree: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            ["make", "-s", "--no-print-directory", "demo"],
            cwd=tree,
            stdin=theirs,
            stdout=theirs,
            start_new_session=True,
        ) as process:
            assert process.wait(30) == 0
        assert json.loads(os.read(ours, 65536))["argv"] == ["demo"]
    finally:
        os.close(ours)
        os.close(theirs)


def test_check_holds_lint_format_types_imports_and_tests(tree: Path) -> None:
    commands = dry("check", at=tree)
    for tool in ("ruff check .", "ruff format --check .", "mypy", "lint-imports", "tests/unit", "tests/architecture"):
        assert tool in commands


def test_a_fresh_tree_makes_its_own_environment_once(tree: Path) -> None:
    installed = {
        "demo": "-e '.[demo]'",
        "test": "-e '.[dev]'",
        "screenshots": "-e '.[dev,screenshots]'",
        "deploy": "-e .",
    }
    for target, extra in installed.items():
        assert "pip install" not in dry(target, at=tree)
        (tree / "pyproject.toml").touch()
        os.utime(tree / "pyproject.toml", (2_100_000_000, 2_100_000_000))
        assert f"pip install --quiet --disable-pip-version-check {extra}" in dry(target, at=tree)
        os.utime(tree / "pyproject.toml", (1_000_000_000, 1_000_000_000))


def test_the_interpreter_can_be_named(tree: Path) -> None:
    shutil.rmtree(tree / ".venv")
    assert "'/opt/python/bin/python3.12' -m venv" in dry("deploy", "PYTHON=/opt/python/bin/python3.12", at=tree)


def test_a_missing_interpreter_is_told_with_the_way_on(tree: Path) -> None:
    shutil.rmtree(tree / ".venv")
    done = make("deploy", "PYTHON=no-such-python", at=tree)
    assert done.returncode == 2
    assert "no-such-python is missing or older than 3.11" in done.stderr
    assert not (tree / ".venv").exists()


def test_a_python_without_ensurepip_is_told_with_the_way_on(tree: Path, tmp_path: Path) -> None:
    shutil.rmtree(tree / ".venv")
    crippled = tmp_path / "python"
    hide = "import sys; sys.modules['ensurepip'] = None; code = sys.argv[2]; exec(code)"
    crippled.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{hide}" "$@"\n')
    crippled.chmod(0o755)
    done = make("deploy", f"PYTHON={crippled}", at=tree)
    assert done.returncode == 2
    assert "apt-get install python3-venv" in done.stderr
    assert not (tree / ".venv").exists()


CLUTTER = [
    "build/x", "dist/x", "a.egg-info/x", ".mypy_cache/x", ".ruff_cache/x", ".pytest_cache/x", ".hypothesis/x",
    ".import_linter_cache/x", "console/model/__pycache__/x", "tests/__pycache__/x",
]  # fmt: skip
RECORDS = ["state/active-color", "state/journal.jsonl", "state/nginx/upstream.conf", "state/receipts/1.json"]


def cluttered(tree: Path, free_port: int) -> Path:
    """The tree with everything that `clean` is about, and a control port that nobody answers on."""
    for name in [*CLUTTER, *RECORDS, "console/model/keep.py", ".venv/lib/__pycache__/keep"]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("x")
    (tree / ".env").write_text(f"CONTROL_PORT={free_port}\n")
    return tree


def test_clean_removes_caches_and_records_and_nothing_else(tree: Path, free_port: int) -> None:
    cluttered(tree, free_port)
    done = make("clean", at=tree)
    assert done.returncode == 0, done.stderr
    assert [name for name in [*CLUTTER, *RECORDS] if (tree / name).exists()] == []
    for kept in ("Makefile", ".env", "console/model/keep.py", ".venv/lib/__pycache__/keep", ".venv/.installed"):
        assert (tree / kept).exists(), kept
    assert make("clean", at=tree).returncode == 0


def test_clean_runs_no_docker(tree: Path) -> None:
    assert "docker" not in dry("clean", at=tree)


def test_clean_keeps_the_records_of_a_stack_whose_proxy_answers(tree: Path, free_port: int) -> None:
    class Control(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"42 green\n" if self.path == "/generation" else b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            pass

    cluttered(tree, free_port)
    server = HTTPServer(("127.0.0.1", free_port), Control)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        done = make("clean", at=tree)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 2
    assert f"state/ is kept: the proxy answers on 127.0.0.1:{free_port}" in done.stderr
    assert "make down" in done.stderr
    assert all((tree / name).exists() for name in RECORDS)


def test_clean_keeps_the_records_while_a_rollout_runs(tree: Path, free_port: int) -> None:
    cluttered(tree, free_port)
    (tree / "state" / "lock").write_text("")
    holder = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tree / "state" / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = make("clean", at=tree)
        process.communicate(timeout=10)
    assert done.returncode == 2
    assert "a rollout is running" in done.stderr
    assert all((tree / name).exists() for name in RECORDS)
    assert make("clean", at=tree).returncode == 0
