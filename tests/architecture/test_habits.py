"""Habits that a reviewer would otherwise have to look for: no shell, no blanket except, every child in its session."""

from __future__ import annotations

import ast
import re
import tomllib

from console.cli.render import document
from console.model import record
from tests.architecture.source import ROOT, Function, Source, dotted, expect_none, sources, tracked_texts

SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
SHELLS |= {"asyncio.create_subprocess_shell", "create_subprocess_shell"}
CHILDREN = {f"subprocess.{name}" for name in ("run", "Popen", "call", "check_call", "check_output")}
CHILDREN |= {"asyncio.create_subprocess_exec", "create_subprocess_exec", "Popen"}

IN_A_SESSION_ALREADY = {
    # It leads a session of its own, and its one child must be in the group that is ended with it.
    "console/adapters/runtime/local/leash.py",
}

LAST_RESORTS = {
    # A defect of the engine's own must not leave traffic half-way: it becomes the rollout's outcome.
    "console/engine/pipeline.py",
}


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def caught(handler: ast.expr | None) -> list[str]:
    """The names of the exceptions that a handler (or `suppress`) catches."""
    match handler:
        case None:
            return ["BaseException"]
        case ast.Tuple(elts=elements):
            return [dotted(element).rpartition(".")[2] for element in elements]
        case _:
            return [dotted(handler).rpartition(".")[2]]


def goes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the exception survives the handler: it ends with a bare `raise`, or hands the exception to somebody."""
    last = handler.body[-1]
    handed = any(isinstance(node, ast.Name) and node.id == handler.name for node in ast.walk(handler))
    return handed or (isinstance(last, ast.Raise) and last.exc is None)


def test_there_is_no_shell() -> None:
    found = []
    for source in sources():
        for call in source.of(ast.Call):
            shell = keywords(call).get("shell")
            asked = shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False)
            if dotted(call.func) in SHELLS or asked:
                found.append(source.at(call))
    expect_none(found)


def test_every_child_has_its_own_session_and_no_terminal() -> None:
    found = []
    for source in sources():
        for call in source.of(ast.Call):
            if dotted(call.func) not in CHILDREN:
                continue
            given = keywords(call)
            session = given.get("start_new_session")
            own = isinstance(session, ast.Constant) and session.value is True
            if not own and source.path not in IN_A_SESSION_ALREADY:
                found.append(f"{source.at(call)} without start_new_session=True")
            if "stdin" not in given:
                found.append(f"{source.at(call)} inherits stdin")
    expect_none(found)


def test_no_except_is_blanket() -> None:
    found = []
    for source in sources():
        for handler in source.of(ast.ExceptHandler):
            names = caught(handler.type)
            allowed = goes_on(handler) and ("Exception" not in names or source.path in LAST_RESORTS)
            if {"Exception", "BaseException"} & set(names) and not allowed:
                found.append(source.at(handler))
        for call in source.of(ast.Call):
            if dotted(call.func).rpartition(".")[2] == "suppress":
                names = [name for argument in call.args for name in caught(argument)]
                if {"Exception", "BaseException"} & set(names):
                    found.append(source.at(call))
    expect_none(found)


RAISED_LATER = {"console/engine/shield.py"}
"""Where a cancellation is kept until the work that it must not tear apart is done, and raised then."""


def test_a_cancellation_is_never_swallowed_by_a_handler() -> None:
    found = [
        source.at(handler)
        for source in sources()
        if source.path not in RAISED_LATER
        for handler in source.of(ast.ExceptHandler)
        if "CancelledError" in caught(handler.type) and not any(isinstance(n, ast.Raise) for n in ast.walk(handler))
    ]
    expect_none(found)


def test_every_module_and_every_public_definition_says_what_it_is() -> None:
    found = [source.path for source in sources() if source.tree.body and not ast.get_docstring(source.tree)]
    for source in sources():
        for node in source.tree.body:
            public = isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                found.append(f"{source.at(node)} {node.name}")
    expect_none(found)


def test_packages_are_never_without_a_docstring() -> None:
    packages = [source for source in sources() if source.path.endswith("__init__.py")]
    expect_none([source.path for source in packages if not ast.get_docstring(source.tree)])


def names(source: Source) -> set[str]:
    """Every identifier that a file defines or uses."""
    found = {node.id for node in source.of(ast.Name)} | {node.attr for node in source.of(ast.Attribute)}
    found |= {node.arg for node in source.of(ast.arg)}
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        found |= {node.name for node in source.of(kind)}
    return found


def test_a_thing_has_one_name_in_the_code() -> None:
    # `colour` is not among them: it is what a terminal paints with, where `color` is a set of replicas.
    banned = re.compile(r"(^|_)(ctx|cfg|mgr|slot|bluegreen|deployment)(_|$)", re.IGNORECASE)
    found = {f"{source.path}: {name}" for source in sources() for name in names(source) if banned.search(name)}
    expect_none(found)


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    registry = re.compile(
        r"https?://[^\s/\"']*(?:pypi|registry|artifactory|nexus|mirror|deb\.|npm)"
        r"|(?:--|PIP_|UV_)(?:extra-)?index[-_]url\s*[= ]|find-links\s*="
        , re.IGNORECASE,
    )  # fmt: skip
    machine = re.compile(r"(?:^|[\s\"'=:(])/(?:work|farm|root|home|Users)/[\w.-]")
    found = []
    for name, text in tracked_texts():
        for number, line in enumerate(text.splitlines(), start=1):
            if registry.search(line) or machine.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    expect_none(found)


def test_the_project_names_no_package_index_and_has_no_lock_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    urls = project["project"].pop("urls", {})
    assert not any("simple" in url for url in urls.values())
    assert "://" not in str(project)
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "requirements.txt"}
    expect_none([name for name, _ in tracked_texts() if name.rpartition("/")[2] in locks])


def test_every_version_of_a_json_line_is_a_named_constant() -> None:
    expect_none(
        f"{source.at(value)}: a version is written out"
        for source in sources()
        for literal in source.of(ast.Dict)
        for key, value in zip(literal.keys, literal.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "v" and isinstance(value, ast.Constant)
    )


def test_an_error_has_the_version_of_a_rollouts_events_among_which_it_stands() -> None:
    assert document.VERSION == record.VERSION
