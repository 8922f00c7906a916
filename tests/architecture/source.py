"""The product's source, parsed once for all architecture tests."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file of `console/`."""

    path: str
    """Relative to the repository."""
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.text.splitlines())

    def at(self, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
        """Where a finding is, in the form that editors follow."""
        return f"{self.path}:{node.lineno}"

    def of(self, kind: type[Node]) -> Iterator[Node]:
        """All nodes of a kind."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the product."""
    found = []
    for path in sorted((ROOT / "console").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Source(path=path.relative_to(ROOT).as_posix(), text=text, tree=ast.parse(text, str(path))))
    return tuple(found)


@functools.cache
def tracked_texts() -> tuple[tuple[str, str], ...]:
    """Name and content of every text file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            found.append((name, content.decode("utf-8", errors="replace")))
    return tuple(found)


def dotted(node: ast.expr) -> str:
    """`subprocess.run` for the expression that names it; empty for anything that is no plain name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            inner = dotted(value)
            return f"{inner}.{attribute}" if inner else ""
        case _:
            return ""


def expect_none(found: Iterable[str]) -> None:
    """Fail with every finding on a line of its own."""
    listed = sorted(found)
    assert not listed, "\n" + "\n".join(listed)
