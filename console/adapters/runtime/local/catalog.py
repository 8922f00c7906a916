"""The releases that an embedded stack can run: every `app@v<N>`, and the faulty ones for rehearsal."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from console.model.release import Image

NAME = "app"
LATE = 1.5
"""Seconds from its first user to a late fault: after the cutover is read back, within the embedded stack's watch."""
_REFERENCE = re.compile(rf"(?:{NAME}@)?(?P<version>[a-z0-9-]+)")
_NUMBERED = re.compile(r"v[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRelease:
    """One release of the demo app: its name and how it (mis)behaves."""

    version: str
    fault: str = ""
    """`error-500`, `slow`, `never-ready`, `crash`; empty for a good one."""
    fault_after: float = 0.0
    """Seconds from the first request of a user until the fault shows; 0: from the start."""
    warmup: float = 0.0
    """Seconds until it is ready."""

    @property
    def image(self) -> Image:
        """The image that stands for it: its id is the hash of everything that tells releases apart."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return Image(reference=f"{NAME}@{self.version}", id=f"sha256:{digest}")

    @property
    def environment(self) -> dict[str, str]:
        """What the app reads."""
        timed = {"FAULT_AFTER": self.fault_after, "WARMUP": self.warmup}
        named = {"VERSION": self.version} | ({"FAULT": self.fault} if self.fault else {})
        return named | {name: f"{seconds:g}" for name, seconds in timed.items() if seconds}


REHEARSALS = (
    LocalRelease(version="error-500", fault="error-500"),
    LocalRelease(version="late-error-500", fault="error-500", fault_after=LATE),
    LocalRelease(version="slow", fault="slow"),
    LocalRelease(version="never-ready", fault="never-ready"),
    LocalRelease(version="crash", fault="crash"),
    LocalRelease(version="late-crash", fault="crash", fault_after=LATE),
)
"""Releases that fail at once, and such that fail only after they got traffic."""


class Catalog:
    """What can be resolved and built.

    Args:
        releases: faulty or otherwise special releases beside the endless `v1`, `v2`, ...
        warmup: seconds until a good release is ready.
    """

    def __init__(self, releases: tuple[LocalRelease, ...] = REHEARSALS, *, warmup: float = 0.0) -> None:
        self._special = {release.version: release for release in releases}
        self._by_id = {release.image.id: release for release in releases}
        self._warmup = warmup
        self._built = 0

    def find(self, reference: str) -> LocalRelease | None:
        """The release behind `app@<version>`, `<version>` or an image id that was given out; else None."""
        if known := self._by_id.get(reference):
            return known
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return None
        version = match["version"]
        release = self._special.get(version)
        if release is None and _NUMBERED.fullmatch(version):
            release = LocalRelease(version=version, warmup=self._warmup)
        if release is not None:
            self._by_id[release.image.id] = release
        return release

    def build(self) -> LocalRelease:
        """The next numbered release."""
        self._built += 1
        release = LocalRelease(version=f"v{self._built}", warmup=self._warmup)
        self._by_id[release.image.id] = release
        return release

    @property
    def known(self) -> str:
        """The references that resolve, for people."""
        return ", ".join([f"{NAME}@v1", f"{NAME}@v2", "...", *(f"{NAME}@{version}" for version in self._special)])
