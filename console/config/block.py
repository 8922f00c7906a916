"""The `x-rollout` block: its keys, its values, and their places in the files."""

from __future__ import annotations

from collections.abc import Mapping

from console.config.document import Document
from console.config.given import Given, Problems, did_you_mean

NAME = "x-rollout"

KEYS: Mapping[str, tuple[str, ...]] = {
    "service": (),
    "colors": ("blue", "green"),
    "port": (),
    "strategy": (),
    "proxy": ("kind", "service", "config", "control_port"),
    "ready": ("path", "successes", "deadline"),
    "image": ("deadline",),
    "start": ("deadline",),
    "smoke": ("url", "status", "attempts", "timeout", "delay"),
    "watch": ("window", "max_failure_ratio", "min_requests", "inconclusive"),
    "drain": ("deadline",),
    "standby": ("keep",),
    "load": ("url", "rate"),
    "protected": (),
}
"""Every key that the block may have; those with keys of their own are mappings. `x-` keys are the user's."""


class Block:
    """One `x-rollout` block, already merged over all files.

    Args:
        value: the block as plain data.
        documents: the files, for line numbers and for values as they are written.
        interpolated: False when Compose refused the files, so that values with a `$` can't be known.
        problems: takes what is wrong with the block's shape.
    """

    def __init__(
        self, value: object, documents: tuple[Document, ...], problems: Problems, *, interpolated: bool
    ) -> None:
        self._documents = documents
        self._interpolated = interpolated
        self._value: Mapping[str, object] = {}
        if isinstance(value, dict):
            self._value = {str(key): item for key, item in value.items()}
            self._check(problems)
        elif value is not None:
            problems.add(self._describe(value), "must be a mapping", "rollout init prints one to begin with")

    def get(self, *keys: str) -> Given | None:
        """The value at a path; None when it is not there."""
        value: object = self._value
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return self._describe(value, *keys)

    def has(self, key: str) -> bool:
        """Whether there is such a key at the top."""
        return key in self._value

    @property
    def filled(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._value)

    def here(self, *keys: str) -> Given:
        """A place in the block for a problem, whether there is a value or not."""
        return self._describe(None, *keys)

    def _describe(self, value: object, *keys: str) -> Given:
        places = [place for document in self._documents if (place := document.place(NAME, *keys))]
        exact = [text for document in self._documents if (text := document.scalar(NAME, *keys)) is not None]
        written = exact[-1] if exact and "$" in exact[-1] else None
        return Given(
            value=value,
            where=".".join((NAME, *keys)),
            place=places[-1] if places else "",
            written=written,
            unknown=written is not None and not self._interpolated,
        )

    def _check(self, problems: Problems) -> None:
        for key, value in self._value.items():
            if key.startswith("x-"):
                continue
            if key not in KEYS:
                problems.add(self._describe(value, key), "is no key of this block", self._suggest(key))
            elif KEYS[key] and isinstance(value, dict):
                for inner in value:
                    if inner not in KEYS[key] and not str(inner).startswith("x-"):
                        hint = did_you_mean(str(inner), KEYS[key]) or f"known are {', '.join(KEYS[key])}"
                        problems.add(self._describe(value, key, str(inner)), f"is no key of `{key}`", hint)
            elif KEYS[key] and value is not None:
                given = self._describe(value, key)
                problems.add(given, f"must be a mapping with {', '.join(KEYS[key])}, not {given.shown()}")

    def _suggest(self, key: str) -> str:
        inside = [f"{section}.{key}" for section, keys in KEYS.items() if key in keys]
        if inside:
            return f"did you mean `{inside[0]}`?"
        return did_you_mean(key, KEYS) or f"known are {', '.join(KEYS)}"


def merge_blocks(blocks: list[object]) -> dict[str, object]:
    """Blocks of several files as Compose merges other mappings: key by key, the later file wins."""
    merged: dict[str, object] = {}
    for block in blocks:
        if isinstance(block, dict):
            _merge_into(merged, block)
    return merged


def _merge_into(base: dict[str, object], over: dict[object, object]) -> None:
    for key, value in over.items():
        below = base.get(str(key))
        if isinstance(below, dict) and isinstance(value, dict):
            copy = dict(below)
            _merge_into(copy, value)
            base[str(key)] = copy
        else:
            base[str(key)] = value
