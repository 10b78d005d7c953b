"""The world file, as people write it. Every field has its default here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationInfo
from pydantic_core import PydanticCustomError

from globelet.world import atlas
from globelet.world.mistakes import nearest
from globelet.world.resolved import Parameters, RouteName

# As validation context: take a place's name for the one that was meant, and leave it when none was.
LENIENT = "lenient"


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one, or all of them."""
    known = list(known)
    near = nearest(word, known)
    return f"did you mean {near}?" if near else f"use one of {', '.join(known)}"


def meant(name: str) -> str | None:
    """The municipality that a wrong name most likely stands for: one spelt alike, or the one that holds such a city."""
    cities = atlas.also_known_as()
    city = nearest(atlas.slug(name), cities)
    return nearest(name, atlas.municipalities()) or (cities[city] if city else None)


def _municipality(name: str, info: ValidationInfo) -> str:
    if name in atlas.municipalities():
        return name
    if info.context == LENIENT:
        return meant(name) or name
    home = atlas.also_known_as().get(atlas.slug(name))
    near = meant(name)
    if home:
        mend = f"it lies in {home}: write {home}"
    else:
        mend = f"did you mean {near}?" if near else suggestion(name, atlas.municipalities())
    raise PydanticCustomError("place", "no municipality is called {name}: {mend}", {"name": name, "mend": mend})


def _continent(name: str, info: ValidationInfo) -> str:
    if name in atlas.continents():
        return name
    if info.context == LENIENT:
        return nearest(name, atlas.continents()) or name
    mend = suggestion(name, atlas.continents())
    raise PydanticCustomError("place", "no continent is called {name}: {mend}", {"name": name, "mend": mend})


MunicipalityName = Annotated[str, AfterValidator(_municipality)]
ContinentName = Annotated[str, AfterValidator(_continent)]


class Section(BaseModel):
    """A part of the file: unknown fields are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Municipal(Section):
    """Each municipal chain."""

    replicas: int = Field(4, ge=4, le=100, description="members of the committee, 3f + 1 to bear f faults")
    candidates: int | None = Field(
        None,
        ge=4,
        le=100,
        description="replicas that may be elected, members and standbys together; by default members",
    )
    stakes: list[Annotated[int, Field(ge=0, le=2**40)]] | None = Field(
        None, description="stake of each candidate, in order; by default 100 each"
    )
    holders: int = Field(3, ge=0, le=100, description="light nodes that keep shards")

    @property
    def standing(self) -> int:
        """Replicas of each municipality: members and standbys."""
        return self.replicas if self.candidates is None else self.candidates


class Continental(Section):
    """Each continental chain."""

    replicas: int = Field(4, ge=4, le=100)
    placement: dict[ContinentName, list[MunicipalityName]] = Field(
        default_factory=dict, description="municipality of each replica, by continent; others are placed by nearness"
    )


class Globe(Section):
    """The global chain."""

    replicas: int = Field(4, ge=4, le=100)
    placement: list[MunicipalityName] | None = Field(
        None, description="municipality of each replica; by default spread over the continents in turn"
    )


class Override(Section):
    """A directed link that is declared here instead of measured. What is left out stays measured."""

    source: MunicipalityName = Field(alias="from")
    to: MunicipalityName
    route: RouteName = Field("backbone", description="which of the two routes, where the ends lie on two continents")
    delay_ms: float | None = Field(None, ge=0, le=10_000, description="one way, median")
    jitter_ms: float | None = Field(None, ge=0, le=10_000, description="standard deviation, one way")
    loss: float | None = Field(None, ge=0, lt=1, description="share of segments lost")


class Internet(Section):
    """The second route between two continents, beside the backbone: the public internet."""

    enabled: StrictBool = Field(True, description="false leaves the backbone alone")
    delay: float = Field(1.6, gt=0, le=100, description="times the backbone's delay")
    jitter: float = Field(3.0, ge=0, le=100, description="times the backbone's jitter")
    jitter_most: float = Field(
        0.05, ge=0, le=10, description="but no more than this share of the delay, where the backbone has less"
    )
    loss: float = Field(0.0, ge=0, lt=1, description="share of segments lost, beyond that of all links")


class Fallback(Section):
    """When nodes leave the backbone for the internet, and when they return."""

    probe_ms: float = Field(1_000, ge=10, le=60_000, description="time between two probes of a route in use")
    delay: float = Field(1.5, ge=1, le=100, description="a probe is late beyond so many times the declared round trip")
    floor_ms: float = Field(40.0, ge=0, le=10_000, description="and so much more")
    bad: int = Field(3, ge=1, le=100, description="late or lost probes, among twice as many, that make it leave")
    good: int = Field(5, ge=1, le=100, description="probes in time, one after the other, that make it return")


class Links(Section):
    """Where delays come from."""

    source: str = Field("data/rtt.csv", description="round trips: of this package's data, or a file beside the world's")
    jitter: StrictBool | Annotated[float, Field(ge=0, le=10)] = Field(
        True, description="true as measured, false none, a number scales it"
    )
    loss: float = Field(0.0, ge=0, lt=1)
    overrides: list[Override] = Field(default_factory=list)
    internet: Internet = Field(default_factory=Internet)
    fallback: Fallback = Field(default_factory=Fallback)


class WorldFile(Section):
    """A world as people write it."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63, description="small letters, digits, hyphens")
    seed: int = Field(1, ge=0, lt=2**63, description="of everything that is drawn")
    continents: dict[ContinentName, Annotated[list[MunicipalityName], Field(min_length=1)]] = Field(min_length=1)
    municipal: Municipal = Field(default_factory=Municipal)
    continental: Continental = Field(default_factory=Continental)
    globe: Globe = Field(default_factory=Globe, alias="global")
    links: Links = Field(default_factory=Links)
    parameters: Parameters = Field(default_factory=Parameters)
    selection: str | None = Field(
        None, max_length=255, description="policy that weighs whom to choose in S1 and R2, as module:function"
    )
    pack: Literal["chain", "node"] = Field("chain", description="one process per chain, or per node")

    def to_yaml(self) -> str:
        """The file again, with every default filled in."""
        plain = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)
