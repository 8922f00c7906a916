"""Reads nginx configuration as nginx does: words, `;`, and blocks; includes are followed where they are tracked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<mark>[;{}])|(?P<word>[^\s;{}"']+)"""
)
SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive and what is inside it."""

    name: str
    arguments: tuple[str, ...]
    block: tuple[Directive, ...] = ()

    def walk(self) -> Iterator[Directive]:
        """It and everything inside."""
        yield self
        for inner in self.block:
            yield from inner.walk()


def read(path: Path) -> tuple[Directive, ...]:
    """A file with its tracked includes in place."""
    directives, rest = _block(_tokens(path.read_text()))
    assert not rest, f"{path}: unbalanced braces"
    return _included(directives, path.parent if path.name == "nginx.conf" else path.parents[1])


def find(directives: tuple[Directive, ...], name: str) -> tuple[Directive, ...]:
    """Every directive of a name, at any depth."""
    return tuple(found for top in directives for found in top.walk() if found.name == name)


def seconds(text: str) -> float:
    """An nginx duration."""
    matched = re.fullmatch(r"(\d+)(ms|s|m|h|)", text)
    assert matched is not None, text
    return int(matched[1]) * SECONDS[matched[2]]


def _tokens(text: str) -> list[str]:
    return [found[0] for found in TOKEN.finditer(text) if found.lastgroup]


def _block(tokens: list[str]) -> tuple[tuple[Directive, ...], list[str]]:
    directives: list[Directive] = []
    words: list[str] = []
    while tokens:
        token, tokens = tokens[0], tokens[1:]
        match token:
            case ";":
                directives.append(Directive(name=words[0], arguments=tuple(words[1:])))
                words = []
            case "{":
                inner, tokens = _block(tokens)
                directives.append(Directive(name=words[0], arguments=tuple(words[1:]), block=inner))
                words = []
            case "}":
                return tuple(directives), tokens
            case _:
                words.append(token)
    return tuple(directives), []


def _included(directives: tuple[Directive, ...], root: Path) -> tuple[Directive, ...]:
    found: list[Directive] = []
    for directive in directives:
        if directive.name == "include" and not directive.arguments[0].startswith("/"):
            inner, _ = _block(_tokens((root / directive.arguments[0]).read_text()))
            found.extend(_included(inner, root))
        else:
            block = _included(directive.block, root)
            found.append(Directive(name=directive.name, arguments=directive.arguments, block=block))
    return tuple(found)
