"""What an operator prefers, whatever the stack: `rollout/console.yml` in the user's configuration directory.

```yaml
theme: nord
keys:
  deploy: f5          # the key's id, as the help tells it, and a key as Textual names it
  logs: o
```

What can't be understood is told on the screen and left out: a mistake in it keeps nobody from a rollback.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from textual.keys import format_key

from console.tui.keys import KEYS, Key, Kind
from console.tui.theme import THEMES

_LARGEST = 64 * 1024
"""Bytes; more is no such file."""
_KEY = re.compile(r"(?:(?:ctrl|shift|alt)\+)*[a-z0-9_]+|[A-Z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The screen as somebody likes it."""

    theme: str = THEMES[0]
    keys: tuple[Key, ...] = KEYS
    problems: tuple[str, ...] = ()
    """What was left out, and why."""

    @property
    def keymap(self) -> dict[str, str]:
        """The keys that are not the usual ones, by id."""
        return {key.id: key.key for key, usual in zip(self.keys, KEYS, strict=True) if key.key != usual.key}


def preferences_file(environ: Mapping[str, str]) -> Path:
    """Where it is; the XDG base directory specification says so."""
    base = environ.get("XDG_CONFIG_HOME", "")
    home = Path(environ.get("HOME") or "~").expanduser()
    return (Path(base) if base.startswith("/") else home / ".config") / "rollout" / "console.yml"


def read_preferences(file: Path) -> Preferences:
    """The preferences; the usual ones where there is no such file."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return Preferences()
    except OSError as error:
        return Preferences(problems=(f"{file}: {error.strerror}",))
    if len(raw) > _LARGEST:
        return Preferences(problems=(f"{file}: larger than {_LARGEST} bytes",))
    import yaml  # noqa: PLC0415 - few have such a file, and nobody else should wait for this at the first paint

    try:
        found = yaml.safe_load(raw.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return Preferences(problems=(f"{file}: it is no YAML",))
    return parse_preferences(found, name=file.name)


def parse_preferences(found: object, *, name: str) -> Preferences:
    """What the document says, each mistake left out and told."""
    if found is None:
        return Preferences()
    if not isinstance(found, dict):
        return Preferences(problems=(f"{name}: `theme` and `keys` are expected",))
    problems = [f"{name}: there is no `{key}`" for key in found if key not in {"theme", "keys"}]
    theme = found.get("theme", THEMES[0])
    if theme not in THEMES:
        problems.append(f"{name}: theme `{theme}` is none of {', '.join(THEMES)}")
        theme = THEMES[0]
    wanted = found.get("keys") or {}
    if not isinstance(wanted, dict):
        problems.append(f"{name}: `keys` maps ids to keys")
        wanted = {}
    keys = KEYS
    for identity, pressed in wanted.items():
        problem, keys = _moved(keys, str(identity), str(pressed))
        if problem:
            problems.append(f"{name}: {problem}")
    return Preferences(theme=theme, keys=keys, problems=tuple(problems))


def _moved(keys: tuple[Key, ...], identity: str, pressed: str) -> tuple[str, tuple[Key, ...]]:
    """The keys with one of them on another place, or why not."""
    if not any(key.id == identity for key in keys):
        return f"no key is called `{identity}`", keys
    if not _KEY.fullmatch(pressed):
        return f"`{pressed}` is no key, such as f5, o, O, ctrl+o or slash", keys
    if any(key.id == identity and pressed in _answers(key) for key in keys):
        return f"`{pressed}` answers what {identity} asks: held a moment too long it would agree", keys
    for key in keys:
        if key.id != identity and pressed in key.key.split(","):
            return f"`{pressed}` is the key for {key.id} already", keys
    shown = format_key(pressed)
    moved = (replace(key, key=pressed, shown=shown) if key.id == identity else key for key in keys)
    return "", tuple(moved)


def _answers(key: Key) -> str:
    """The keys that agree to what this one asks."""
    if key.id == "leave":
        return "pa"
    return "" if key.kind is Kind.LOOKS else "y"
