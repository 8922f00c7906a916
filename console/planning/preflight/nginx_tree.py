"""The tree of directives of `nginx -T`, all includes in place. Pure text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_FILE = re.compile(r"^# configuration file (?P<path>.+):$", re.MULTILINE)
_TOKEN = re.compile(
    r"""[\s]+ | \#[^\n]* | (?P<mark>[{};]) | "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>(?:\\.|[^'\\])*)'
        | (?P<word>(?:\$\{|\\.|[^\s{};"'\\])(?:\$\{[^}]*\}|\\.|[^\s{};\\])*)""",
    re.VERBOSE | re.DOTALL,
)
_WILD = re.compile(r"[*?\[]")
_DEEPEST = 32


@dataclass(slots=True, kw_only=True)
class Directive:
    """One directive with its arguments, and with what stands in its braces."""

    name: str
    arguments: tuple[str, ...]
    file: PurePosixPath
    children: list[Directive] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Directive]:
        """The directives of this name right within."""
        return (child for child in self.children if child.name == name)

    def last(self, name: str) -> Directive | None:
        """The last of them, which holds where nginx takes one."""
        found = list(self.all(name))
        return found[-1] if found else None

    def deep(self, name: str) -> Iterator[Directive]:
        """The directives of this name at any depth."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.deep(name)


def read_tree(dump: str) -> Directive | None:
    """The main context with every include replaced by the directives of its files."""
    parts = _FILE.split(dump)
    files: dict[PurePosixPath, str] = {}
    for path, text in zip(parts[1::2], parts[2::2], strict=True):
        files.setdefault(PurePosixPath(path), text)
    if not files:
        return None
    main = next(iter(files))
    return Directive(name="", arguments=(), file=main, children=list(_parse(main, files, main.parent, depth=0)))


def _parse(
    path: PurePosixPath, files: dict[PurePosixPath, str], prefix: PurePosixPath, *, depth: int
) -> Iterator[Directive]:
    stack: list[Directive] = [Directive(name="", arguments=(), file=path)]
    words: list[str] = []
    for match in _TOKEN.finditer(files[path]):
        mark = match["mark"]
        if mark is None:
            word = next((text for text in (match["double"], match["single"], match["word"]) if text is not None), None)
            words += [] if word is None else [word]
        elif mark == "}":
            words = []
            if len(stack) > 1:
                stack.pop()
        elif words:
            directive = Directive(name=words[0], arguments=tuple(words[1:]), file=path)
            if directive.name == "include" and directive.arguments:
                directive.arguments = (str(prefix / directive.arguments[0]),)
            words = []
            stack[-1].children.append(directive)
            if mark == "{":
                stack.append(directive)
            elif directive.name == "include" and directive.arguments and depth < _DEEPEST:
                for other in [name for name in _matching(directive.arguments[0], files) if name != path]:
                    stack[-1].children += _parse(other, files, prefix, depth=depth + 1)
    yield from stack[0].children


def _matching(pattern: str, files: dict[PurePosixPath, str]) -> list[PurePosixPath]:
    """The files that an include means; with hundreds of them a look through all of them for each takes seconds."""
    if not _WILD.search(pattern):
        name = PurePosixPath(pattern)
        return [name] if name in files else []
    return [name for name in files if name.match(pattern)]
