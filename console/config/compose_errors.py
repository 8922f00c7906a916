"""What Compose says when it refuses files, told again without any value of the stack.

Compose quotes what it can't read (`invalid duration "..."`, `required variable X is missing a value: ...`), and that
may be a secret. So nothing of its text is repeated except names of keys, services, variables and files, in shapes
known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from console.model.errors import Problem

_PATH = r"(?P<path>[A-Za-z0-9_.()\[\]-]+)"
_NAME = r"[A-Za-z0-9_.-]+"


def explain(told: str, *, command: str) -> tuple[Problem, ...]:
    """Problems that stand for the error output of `docker compose config`; always at least one.

    Args:
        told: its standard error.
        command: the command that shows Compose's own words, for the person who may see the values.
    """
    problems = [
        build(match)
        for line in told.splitlines()
        for pattern, build in _SHAPES
        if (match := pattern.search(line)) is not None
    ]
    if problems:
        return tuple(dict.fromkeys(problems))
    return (
        Problem(
            where="docker compose",
            message="it refuses these files; its words are not repeated here, they may show values of the stack",
            hint=f"see them with: {command}",
        ),
    )


def _place(path: str) -> str:
    # `services[app].stop_grace_period` in one message is `services.app.stop_grace_period` in another.
    return "the top level" if path == "(root)" else re.sub(r"\[([^\]]+)\]", r".\1", path).replace("..", ".")


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Problem]], ...] = (
    (
        re.compile(rf"{_PATH} Additional property (?P<key>{_NAME}) is not allowed"),
        lambda m: Problem(where=_place(m["path"]), message=f"Compose knows no key `{m['key']}` here"),
    ),
    (
        re.compile(rf"validating .*: {_PATH} must be (?P<what>an? [a-z]+)"),
        lambda m: Problem(where=_place(m["path"]), message=f"must be {m['what']}"),
    ),
    (
        re.compile(rf"validating .*: {_PATH} (?!Additional property|must be an? [a-z])"),
        lambda m: Problem(where=_place(m["path"]), message="is not what Compose expects there"),
    ),
    (
        re.compile(rf"interpolating {_PATH}: required variable (?P<name>{_NAME}) is missing"),
        lambda m: Problem(
            where=_place(m["path"]),
            message=f"needs the variable {m['name']}",
            hint=f"set {m['name']}, or put it into .env",
        ),
    ),
    (
        re.compile(rf"interpolating {_PATH}: failed to cast"),
        lambda m: Problem(where=_place(m["path"]), message="has another type than Compose expects once interpolated"),
    ),
    (
        re.compile(r"invalid interpolation format for (?P<path>[A-Za-z0-9_.()\[\]-]+?)\.?$"),
        lambda m: Problem(
            where=_place(m["path"]), message="holds a `$` that is no interpolation", hint="write `$$` for a plain `$`"
        ),
    ),
    (
        re.compile(rf"error decoding '{_PATH}'"),
        lambda m: Problem(where=_place(m["path"]), message="can't be read as what Compose expects there"),
    ),
    (
        re.compile(rf"^{_PATH}: unexpected type"),
        lambda m: Problem(where=_place(m["path"]), message="has another type than Compose expects"),
    ),
    (
        re.compile(rf'service "(?P<name>{_NAME})" depends on undefined service "?(?P<other>{_NAME})"?'),
        lambda m: Problem(where=f"services.{m['name']}.depends_on", message=f"there is no service `{m['other']}`"),
    ),
    (
        re.compile(rf'service "(?P<name>{_NAME})" refers to undefined (?P<kind>[a-z]+) (?P<other>{_NAME})'),
        lambda m: Problem(where=f"services.{m['name']}", message=f"there is no {m['kind']} `{m['other']}`"),
    ),
    (
        re.compile(rf'service "(?P<name>{_NAME})" has neither an image nor a build'),
        lambda m: Problem(where=f"services.{m['name']}", message="has neither `image` nor `build`"),
    ),
    (
        re.compile(rf'cannot extend service "(?P<name>{_NAME})" in .*: service "(?P<other>{_NAME})" not found'),
        lambda m: Problem(where=f"services.{m['name']}.extends", message=f"there is no service `{m['other']}`"),
    ),
    (
        re.compile(r"can't set distinct values on 'scale' and 'deploy\.replicas'"),
        lambda _: Problem(where="services", message="`scale` and `deploy.replicas` of a service differ"),
    ),
    (
        re.compile(rf'line (?P<line>[0-9]+): mapping key "(?P<key>{_NAME})" already defined at line (?P<first>[0-9]+)'),
        lambda m: Problem(
            where="Compose file", message=f"line {m['line']}: the key `{m['key']}` is on line {m['first']} already"
        ),
    ),
    (
        re.compile(r"env file (?P<file>\S+) not found"),
        lambda m: Problem(where="env_file", message=f"there is no file {m['file']}"),
    ),
    (
        re.compile(r"^(?:open|stat|read) (?P<file>/[^:]*): (?P<why>[a-z ]+)$"),
        lambda m: Problem(where=m["file"], message=m["why"]),
    ),
    (
        re.compile(r"failed to read (?P<file>/[^:]*): line (?P<line>[0-9]+):"),
        lambda m: Problem(where=m["file"], message="can't be read by Compose", place=f"{m['file']}:{m['line']}"),
    ),
    (
        re.compile(r"invalid project name"),
        lambda _: Problem(
            where="project name",
            message="must be lower case letters, digits, `-` and `_`, and begin with a letter or digit",
            hint="give another with -p",
        ),
    ),
    (
        re.compile(r"'compose' is not a docker command|unknown (?:shorthand )?flag"),
        lambda _: Problem(
            where="docker compose",
            message="the Docker command line has no Compose plugin, or one that is too old",
            hint="docker compose version",
        ),
    ),
)
