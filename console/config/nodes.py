"""YAML as a tree of nodes with line numbers, built within bounds.

Compose itself spends minutes and gigabytes on a file whose aliases multiply, so that depth and the expanded number of
nodes are bounded here, before Compose sees the file. Scalars are read as Compose's YAML reads them: `yes` is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

DEEPEST = 64
"""Levels of nesting."""
MOST_NODES = 200_000
"""Nodes after all aliases are expanded."""

_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True, kw_only=True)
class Scalar:
    """A single value."""

    line: int
    text: str
    plain: bool
    """Written without quotes, so that `true` and `8` are no text."""

    def value(self) -> object:
        """The plain Python value."""
        if not self.plain:
            return self.text
        lower = self.text.lower()
        if lower in _WORDS and self.text in {lower, lower.upper(), lower.title()}:
            return _WORDS[lower]
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _FLOAT.fullmatch(self.text) else self.text


@dataclass(slots=True, kw_only=True)
class Sequence:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)

    def value(self) -> object:
        """The plain Python value."""
        return [item.value() for item in self.items]


@dataclass(slots=True, kw_only=True)
class Mapping:
    """A mapping; entries that come from a merge key (`<<`) count only where there is no own one."""

    line: int
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)

    def own(self, key: str) -> tuple[Scalar, Node] | None:
        """The last entry of that name, or the merged one."""
        for name, value in reversed(self.pairs):
            if name.text == key:
                return name, value
        for source in self._merged():
            if (pair := source.own(key)) is not None:
                return pair
        return None

    def keys(self) -> tuple[str, ...]:
        """All names, merged ones too, in order."""
        names = dict.fromkeys(name.text for name, _ in self.pairs if name.text != "<<")
        for source in self._merged():
            names.update(dict.fromkeys(source.keys()))
        return tuple(names)

    def value(self) -> object:
        """The plain Python value."""
        return {key: pair[1].value() for key in self.keys() if (pair := self.own(key)) is not None}

    def _merged(self) -> Iterator[Mapping]:
        for name, value in self.pairs:
            if name.text == "<<" and name.plain:
                sources = value.items if isinstance(value, Sequence) else [value]
                yield from (source for source in sources if isinstance(source, Mapping))


Node = Scalar | Sequence | Mapping


class BoundsError(Exception):
    """The input is not what a Compose file can be; nothing in the message comes from the file."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def build(content: bytes) -> tuple[Node, ...]:
    """The root nodes of all YAML documents; empty ones are left out.

    Raises:
        BoundsError: too deep, too many nodes, an alias without anchor, a key that is no scalar.
        yaml.YAMLError: no YAML.
    """
    builder = _Builder()
    for event in yaml.parse(content, Loader=_LOADER):
        builder.take(event)
    return tuple(root for root in builder.roots if not (isinstance(root, Scalar) and root.value() is None))


class _Builder:
    """Nodes from events, iteratively; each anchor carries the number of nodes that it stands for."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: list[tuple[Mapping | Sequence, list[Node], int, str | None]] = []
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self._anchors.clear()
            case yaml.AliasEvent():
                anchored = self._anchors.get(str(event.anchor))
                if anchored is None:
                    raise BoundsError("has an alias without an anchor before it", line)
                self._add(*anchored, line)
            case yaml.ScalarEvent():
                scalar = Scalar(line=line, text=event.value, plain=event.style in {None, ""} and event.tag is None)
                self._remember(event.anchor, scalar, 1)
                self._add(scalar, 1, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self._open) >= DEEPEST:
                    raise BoundsError(f"is nested deeper than {DEEPEST} levels", line)
                mapping = isinstance(event, yaml.MappingStartEvent)
                node: Mapping | Sequence = Mapping(line=line) if mapping else Sequence(line=line)
                self._open.append((node, [], self._count, event.anchor))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(line)
            case _:
                pass

    def _close(self, line: int) -> None:
        node, children, before, anchor = self._open.pop()
        if isinstance(node, Mapping):
            for name, value in zip(children[::2], children[1::2], strict=True):
                if not isinstance(name, Scalar):
                    raise BoundsError("has a key that is no plain text", name.line)
                node.pairs.append((name, value))
        else:
            node.items = children
        self._remember(anchor, node, self._count - before + 1)
        self._add(node, 1, line)

    def _remember(self, anchor: str | None, node: Node, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)

    def _add(self, node: Node, size: int, line: int) -> None:
        self._count += size
        if self._count > MOST_NODES:
            raise BoundsError(f"has more than {MOST_NODES} values once its aliases are expanded", line)
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.roots.append(node)
