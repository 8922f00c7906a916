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

    What was prepared without a cutover, or failed before it, is no way back, not even when its image served once in
    another configuration. Where no release is known at all, the idle color is taken as it is.
    """
    good = [release for release in releases if not release.withdrawn]
    return not releases or all(
        any(release.run_by(replica) for release in good) for replica in observed.of(observed.idle)
    )
