"""The resolved world: the mirror of `WorldSpec` in `native/types/src/world.rs`. Ids are places in its tables."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RouteName = Literal["backbone", "internet"]
LaneKem = Literal["x-wing", "sntrup761"]
"""X-Wing (ML-KEM-768 and X25519 together), or Streamlined NTRU Prime."""
ROUTES: tuple[RouteName, ...] = ("backbone", "internet")


class Frozen(BaseModel):
    """Strict and unchangeable: what is in here has been checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Chain(Frozen):
    """The committee of one place."""

    name: str
    kind: Literal["municipal", "continental", "global"]
    parent: int | None
    population: int
    seats: int | None = None
    """Seats of a municipality's committee, where it has more replicas than those: the others stand by."""


class Process(Frozen):
    """One operating-system process, and where it listens."""

    name: str
    host: str
    http_port: int
    node_port: int


class Node(Frozen):
    """A replica or a holder."""

    name: str
    chain: int
    role: Literal["replica", "holder"]
    region: int
    city: str
    latitude: float
    longitude: float
    stake: int
    process: int


class Link(Frozen):
    """The directed path between two regions: mean delay and its standard deviation in microseconds, loss in 0…1."""

    source: int = Field(alias="from")
    to: int
    delay_us: int
    jitter_us: int
    loss: float


class Fallback(Frozen):
    """When the messages of a pair of regions leave the backbone for the internet. Times are microseconds.

    A probe is late beyond `late_factor` times the declared round trip and `late_us` more. `bad` late ones among
    twice as many make the pair leave, `good` in time in a row make it return.
    """

    probe_us: int = 1_000_000
    late_factor: float = 1.5
    late_us: int = 40_000
    bad: int = 3
    good: int = 5


class Parameters(Frozen):
    """Parameters of the protocol. Times are microseconds."""

    shards_needed: int = Field(3, ge=1, le=255, description="shards that rebuild a batch")
    proofs_needed: int = Field(5, ge=2, le=256, description="holding proofs that make a batch held")
    parcel_shards_needed: int = Field(2, ge=1, le=255, description="shards that rebuild a parcel")
    batch_us: int = Field(20_000, ge=0, le=10_000_000, description="time between batches once they come more often")
    batch_most: int = Field(4_096, ge=1, le=1_000_000, description="most orders of one batch")
    waiting_most: int = Field(20_000, ge=1, le=100_000_000, description="most orders waiting at one ingress")
    holding_us: int = Field(7_200_000_000, ge=1_000_000, lt=2**63, description="time to live of a held shard")
    report_us: int = Field(500_000, ge=1_000, lt=2**63, description="shortest time between two reports of a continent")
    repair_us: int = Field(300_000, ge=1_000, lt=2**63, description="wait before a repair is asked for")
    timeout_us: int = Field(1_000_000, ge=1_000, lt=2**63, description="first time-out of the HotStuff chains")
    skew_us: int = Field(500_000, ge=0, lt=2**63, description="largest accepted clock skew")
    treasury: int = Field(1_000_000_000_000, ge=0, lt=2**63, description="what each treasury holds at genesis")
    lane_kem: LaneKem = Field("x-wing", description="key encapsulation that lane keys are agreed on by")
    holders_drawn: int = Field(0, ge=0, le=100, description="holders drawn to keep shards of a batch; 0 for all")
    epoch_us: int = Field(0, ge=0, lt=2**62, description="how long a municipality's committee serves; 0 for ever")
    place_share_ppm: int = Field(
        0, ge=0, le=1_000_000, description="largest part of a committee's seats in one city, in millionths; 0 for half"
    )


class Selection(Frozen):
    """A selection policy: its name in the world file, and the source of its module."""

    name: str
    source: str


class ResolvedWorld(Frozen):
    """A whole world. The order of every table is the meaning of the ids."""

    name: str
    seed: int
    regions: tuple[str, ...]
    chains: tuple[Chain, ...]
    processes: tuple[Process, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    internet: tuple[Link, ...] = ()
    """The second route of the ordered pairs that have one: regions of two continents."""
    fallback: Fallback = Fallback()
    selection: Selection | None = None
    parameters: Parameters

    def to_json(self) -> str:
        """The JSON that the Rust side reads, one line, the same bytes for the same world."""
        return self.model_dump_json(by_alias=True, exclude={"selection"} if self.selection is None else None)

    @cached_property
    def _links(self) -> dict[tuple[int, int, RouteName], Link]:
        tables: tuple[tuple[RouteName, tuple[Link, ...]], ...] = (("backbone", self.links), ("internet", self.internet))
        return {(link.source, link.to, route): link for route, links in tables for link in links}

    def region(self, name: str) -> int:
        """The number of a region. KeyError, naming those there are, when there is none of that name."""
        if name not in self.regions:
            raise KeyError(f"world {self.name} has no region {name!r}: it has {', '.join(self.regions)}")
        return self.regions.index(name)

    def link(self, source: str | int, to: str | int, route: RouteName = "backbone") -> Link:
        """The link from one region to another, by name or number. KeyError where they have no such route."""
        ends = [self.region(end) if isinstance(end, str) else end for end in (source, to)]
        return self._links[ends[0], ends[1], route]

    def routes(self, source: str | int, to: str | int) -> tuple[RouteName, ...]:
        """The routes from one region to another: the backbone, and the internet between two continents."""
        ends = [self.region(end) if isinstance(end, str) else end for end in (source, to)]
        return tuple(route for route in ROUTES if (ends[0], ends[1], route) in self._links)

    def municipalities(self) -> tuple[Chain, ...]:
        """The municipal chains, in the order of their numbers."""
        return tuple(chain for chain in self.chains if chain.kind == "municipal")

    def members(self, chain: int, role: Literal["replica", "holder"] | None = None) -> tuple[Node, ...]:
        """The nodes of a chain, all or of one role, in table order."""
        return tuple(node for node in self.nodes if node.chain == chain and role in (None, node.role))
