"""A new world file from chosen places."""

from __future__ import annotations

import re
from collections.abc import Sequence

from globelet.world import atlas
from globelet.world.file import meant, suggestion
from globelet.world.mistakes import Mistake, WorldError

_TEMPLATE = """\
# Written by `globelet world new`; what is left out has the default that `globelet world show` shows.
name: {name}
seed: {seed}

continents:
{continents}

municipal: {{ replicas: 4, holders: 3 }}
continental: {{ replicas: 4 }}
global: {{ replicas: 4 }}

# Half the measured round trip per direction. jitter: true as measured, false none, a number scales it.
links:
  source: data/rtt.csv
  jitter: true
  # Between continents there is a second route, which nodes fall back to: times the backbone's delay and jitter.
  internet: {{ delay: 1.6, jitter: 3.0 }}
"""


def write(name: str, places: Sequence[str], seed: int) -> tuple[str, list[str]]:
    """The text of a world file, and a note for each city taken for its municipality. WorldError with every mistake."""
    mistakes = []
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        mistakes.append(
            Mistake(1, 1, "--name", f"must be small letters and digits with single hyphens, not {name}", "new")
        )
    chosen: dict[str, list[str]] = {}
    notes = []
    for number, place in enumerate(places, 1):
        municipality = _municipality(place)
        if municipality is None:
            near = meant(place)
            mend = f"did you mean {near}?" if near else suggestion(place, atlas.municipalities())
            mistakes.append(Mistake(1, number, "place", f"no municipality is called {place}: {mend}", "new"))
            continue
        if municipality != place:
            notes.append(f"{place} lies in {municipality}: taking {municipality}")
        names = chosen.setdefault(atlas.municipalities()[municipality].continent, [])
        if municipality not in names:
            names.append(municipality)
    if mistakes:
        raise WorldError(mistakes)
    continents = "\n".join(f"  {continent}: [{', '.join(names)}]" for continent, names in chosen.items())
    return _TEMPLATE.format(name=name, seed=seed, continents=continents), notes


def _municipality(place: str) -> str | None:
    name = atlas.slug(place)
    return name if name in atlas.municipalities() else atlas.also_known_as().get(name)
