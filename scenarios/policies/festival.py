"""Event areas with bonus multipliers, by the crate `place`: who stands inside one is chosen more often."""

from collections.abc import Sequence

from globelet.algorithms.place import Calendar, EventArea
from globelet.selection import Candidate, Here, Stage

# Corners as longitude and latitude, counter-clockwise; the windows are open, so that the policy needs no clock.
ALWAYS = {"from_us": 0, "until_us": 2**63 - 1}
EDOGAWA = [[(139.84, 35.66), (139.90, 35.66), (139.90, 35.72), (139.84, 35.72)]]
VILLETTE = [[(2.37, 48.87), (2.40, 48.87), (2.40, 48.90), (2.37, 48.90)]]
FESTIVALS = Calendar([EventArea(EDOGAWA, per_mille=5000, **ALWAYS), EventArea(VILLETTE, per_mille=3000, **ALWAYS)])


def bring_to_festivals(stage: Stage, here: Here, candidates: Sequence[Candidate]) -> list[int]:
    """Stake times the largest multiplier of the events at a candidate's place, in thousandths."""
    if stage == "R2":
        return [1] * len(candidates)  # repair has replicas take turns
    longitudes, latitudes = [one.longitude for one in candidates], [one.latitude for one in candidates]
    bonuses = FESTIVALS.per_mille_many(longitudes, latitudes, now_us=1)
    return [one.stake * bonus for one, bonus in zip(candidates, bonuses, strict=True)]
