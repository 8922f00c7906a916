"""What a rollback could bring back, judged by the history. Pure, and apart from the plans: every status asks it."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.observed import Observed
from console.model.release import Release


def earlier_release(observed: Observed, releases: Sequence[Release]) -> Release | None:
    """The release that a rollback without a number recreates: the newest that is not what serves, nor withdrawn."""
    serving = {replica.image_id for replica in observed.of(observed.active)}
    return next((one for one in releases if one.image.id not in serving and not one.withdrawn), None)


def standby_served(observed: Observed, releases: Sequence[Release]) -> bool:
    """Whether what the idle color holds served before and was not withdrawn, so that it may serve again as it is.

    What was prepared without a cutover, or failed before it, is no way back. Containers that don't run must also be
    of a configuration that served. Where no release is known at all, the idle color is taken as it is.
    """
    there = observed.of(observed.idle)
    good = [release for release in releases if not release.withdrawn]
    images = {release.image.id for release in good}
    configured = {(release.image.id, release.config_hash) for release in good}
    return not releases or all(
        replica.image_id in images and (replica.running or (replica.image_id, replica.config_hash) in configured)
        for replica in there
    )
