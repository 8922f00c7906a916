"""A Compose file as it is written: where its keys are, and their text before interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from console.config.nodes import BoundsError, Mapping, Node, Scalar, build
from console.model.errors import Problem

LARGEST = 4 * 1024 * 1024
"""Bytes of one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One readable Compose file."""

    path: Path
    name: str
    """The path as people know it: relative to the project where that is shorter."""
    roots: tuple[Mapping, ...]
    """One for each YAML document in the file."""

    def node(self, *keys: str) -> Node | None:
        """The node at a path of mapping keys, from the last YAML document that has it."""
        found = [pair[1] for root in self.roots if (pair := _pair(root, keys)) is not None]
        return found[-1] if found else None

    def place(self, *keys: str) -> str:
        """`file:line` of a path, or of its nearest ancestor that exists; empty when not even the first key does."""
        for length in range(len(keys), 0, -1):
            lines = [pair[0].line for root in self.roots if (pair := _pair(root, keys[:length])) is not None]
            if lines:
                return f"{self.name}:{lines[-1]}"
        return ""

    def scalar(self, *keys: str) -> str | None:
        """The text of a scalar as it is written in the file, before interpolation."""
        node = self.node(*keys)
        return node.text if isinstance(node, Scalar) else None

    def keys(self, *keys: str) -> tuple[str, ...]:
        """The keys of the mapping at a path, in order; none when there is no such mapping."""
        names: dict[str, None] = {}
        for root in self.roots:
            pair = _pair(root, keys)
            if pair is not None and isinstance(pair[1], Mapping):
                names.update(dict.fromkeys(pair[1].keys()))
        return tuple(names)

    def value(self, *keys: str) -> object:
        """The plain value at a path, before interpolation; None when there is none."""
        node = self.node(*keys)
        return None if node is None else node.value()


class UnreadableError(Exception):
    """A file that can't be read; carries its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_document(path: Path, name: str) -> Document:
    """Read one Compose file.

    Raises:
        UnreadableError: it is missing, unreadable, too large, or no YAML; the problem says where.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        problem = Problem(where=name, message="there is no such Compose file", hint="check -f and COMPOSE_FILE")
        raise UnreadableError(problem) from None
    except OSError as error:
        raise UnreadableError(Problem(where=name, message=f"can't be read: {error.strerror}")) from error
    return parse_document(content, path, name)


def parse_document(content: bytes, path: Path, name: str) -> Document:
    """Like `read_document`, from bytes.

    Raises:
        UnreadableError: too large, or no YAML.
    """
    if len(content) > LARGEST:
        raise UnreadableError(Problem(where=name, message=f"is larger than {LARGEST // 1024 // 1024} MiB"))
    try:
        roots = build(content)
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax(error, name)) from error
    except BoundsError as error:
        raise UnreadableError(Problem(where=name, message=str(error), place=f"{name}:{error.line}")) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise UnreadableError(Problem(where=name, message="is no text in UTF-8 that YAML allows")) from error
    mappings = tuple(root for root in roots if isinstance(root, Mapping))
    if len(mappings) != len(roots):
        raise UnreadableError(Problem(where=name, message="must be a mapping at its top level", place=f"{name}:1"))
    if not mappings:
        hint = "a Compose file has at least `services:`"
        raise UnreadableError(Problem(where=name, message="is empty", hint=hint))
    return Document(path=path, name=name, roots=mappings)


def _syntax(error: yaml.MarkedYAMLError, name: str) -> Problem:
    # Never the parser's snippet of the file: it may show a secret.
    mark = error.problem_mark or error.context_mark
    told = error.problem or error.context or "unreadable"
    return Problem(
        where=name,
        message=f"is no valid YAML: {told}" + (f" (column {mark.column + 1})" if mark else ""),
        hint="indent with spaces, not tabs" if "cannot start any token" in told else "look at the line before it, too",
        place=f"{name}:{mark.line + 1}" if mark else "",
    )


def _pair(root: Mapping, keys: tuple[str, ...]) -> tuple[Scalar, Node] | None:
    pair: tuple[Scalar, Node] | None = None
    node: Node = root
    for key in keys:
        pair = node.own(key) if isinstance(node, Mapping) else None
        if pair is None:
            return None
        node = pair[1]
    return pair
