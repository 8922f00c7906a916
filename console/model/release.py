"""What a color runs."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.color import Color
from console.model.observed import Replica


def short_id(identity: str) -> str:
    """The first twelve hex digits of an image's or a container's id, as Docker prints them."""
    return identity.removeprefix("sha256:")[:12]


def image_name(reference: str) -> str:
    """An image's reference as people are told it: what is pinned by its id has no other name, and is shortened."""
    return short_id(reference) if reference.startswith("sha256:") else reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A container image, resolved on this engine."""

    reference: str
    """The name it was asked for by, for example `shop-app:42`."""
    id: str
    """Local image id, `sha256:...`."""
    digest: str | None = None
    """Registry digest `name@sha256:...` when it was pulled; None for a local build."""

    @property
    def short(self) -> str:
        """The first twelve hex digits of the id, as Docker prints them."""
        return short_id(self.id)

    @property
    def name(self) -> str:
        """How people are told of it: its reference, shortened when that is an id."""
        return image_name(self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One deployed release: which image, on which color, by whom and when."""

    id: int
    """The number of the rollout that made it."""
    color: Color
    image: Image
    config_hash: str
    by: str
    at: str
    """UTC, ISO 8601."""
    withdrawn: bool = False
    """Whether the rollout that gave it traffic last went back from it: no rollback leads to it unless it is named."""

    def run_by(self, replica: Replica) -> bool:
        """Whether a replica runs exactly this: the same image in the same configuration.

        An image alone is no release: a deploy may change nothing but the service's environment.
        """
        return (replica.image_id, replica.config_hash) == (self.image.id, self.config_hash)
