from collections.abc import Sequence
from typing import TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["Atlas", "Calendar", "EventArea", "PlaceError", "distance_m", "distances_m", "reach_m", "refute"]

# Longitude and latitude in degrees, WGS 84: from -180 to 180 and from -90 to 90.
_Place: TypeAlias = tuple[float, float]
_Rings: TypeAlias = Sequence[Sequence[_Place]]
# A contiguous array of 64-bit floats with one dimension, which is not copied, or a list of floats.
_Degrees: TypeAlias = Buffer | Sequence[float]
# Longitude and latitude of the witness, the round trip in microseconds.
_Trip: TypeAlias = tuple[float, float, int]
# Number of the trip, metres to the claimed place at least, metres that the round trip allows at most.
_Refutation: TypeAlias = tuple[int, int, int]

class PlaceError(AlgorithmError):
    """A position, an outline or an area was refused.

    Codes: place.off-globe, place.not-geojson, place.nameless, place.doubled, place.ring, place.winding, place.too-much,
    place.malformed, place.window, place.multiplier, place.no-such-place, place.one-latitude-each.
    """

def distance_m(from_place: _Place, to_place: _Place) -> int:
    """Great-circle distance in whole metres over the sphere of the mean radius, the same on every machine.

    The way over the ellipsoid differs by up to 0.56 %. Raises PlaceError place.off-globe.
    """

def distances_m(from_place: _Place, lons: _Degrees, lats: _Degrees) -> list[int]:
    """Great-circle distances from one place to many. Raises PlaceError place.off-globe, place.one-latitude-each."""

def reach_m(rtt_us: int) -> int:
    """How far away an answer can have come from within a round trip, in metres: 100 for each microsecond."""

def refute(lon: float, lat: float, trips: Sequence[_Trip]) -> list[_Refutation]:
    """The trips that a claim to be at a place contradicts, worst first; none if it may be true.

    A witness who lies can refute anything: ask for more refutations than there may be liars.
    Raises PlaceError place.off-globe.
    """

@final
class Atlas:
    """Named outlines under an R-tree; where two overlap, the earlier one is found.

    Inside is what an odd number of an outline's rings enclose. A point on a southern or western border is inside, on a
    northern or eastern one outside. Rings may cross the 180th meridian, cut there or not, and go round a pole.
    """

    @staticmethod
    def from_geojson(text: Buffer) -> Atlas:
        """Reads a FeatureCollection of polygons and multipolygons (RFC 7946).

        A feature's text id, else its property name, is the outline's id.
        Raises PlaceError place.not-geojson, place.nameless, place.off-globe, place.ring, place.winding, place.doubled.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> Atlas:
        """Reads an atlas from its only encoding. Raises PlaceError place.malformed and those of `from_geojson`."""
    def to_bytes(self) -> bytes:
        """The only encoding: a few bytes a corner."""
    def __len__(self) -> int: ...
    @property
    def ids(self) -> list[str]:
        """The ids of the outlines, in the order given."""
    def name(self, outline: str) -> str:
        """The name of an outline for people. Raises PlaceError place.no-such-place."""
    def rings(self, outline: str) -> list[list[_Place]]:
        """The rings of an outline, open, in degrees. Raises PlaceError place.no-such-place."""
    def find(self, lon: float, lat: float) -> str | None:
        """The id of the first outline that holds a point. Raises PlaceError place.off-globe."""
    def find_all(self, lon: float, lat: float) -> list[str]:
        """The ids of all outlines that hold a point, in their order. Raises PlaceError place.off-globe."""
    def find_many(self, lons: _Degrees, lats: _Degrees) -> list[str | None]:
        """For each point the id of the first outline that holds it.

        Raises PlaceError place.off-globe, place.one-latitude-each.
        """
    def holds(self, outline: str, lon: float, lat: float) -> bool:
        """Whether one outline holds a point. Raises PlaceError place.no-such-place, place.off-globe."""
    def least_distance_m(self, outline: str, lon: float, lat: float) -> int:
        """What a point is apart at least from all of an outline, in metres; 0 inside.

        Raises PlaceError place.no-such-place, place.off-globe.
        """
    def refute(self, outline: str, trips: Sequence[_Trip]) -> list[_Refutation]:
        """The trips that a claim to be anywhere in an outline contradicts, worst first.

        Raises PlaceError place.no-such-place, place.off-globe.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class EventArea:
    """An area that counts more, or less, while `from_us <= now < until_us`."""

    def __new__(cls, rings: _Rings, from_us: int, until_us: int, per_mille: int) -> EventArea:
        """Where, from when until when in µs since the Unix epoch, and the multiplier in thousandths, up to 1,000,000.

        Raises PlaceError place.off-globe, place.ring, place.winding, place.window, place.multiplier.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> EventArea:
        """Reads an area from its only encoding. Raises PlaceError place.malformed and those of the constructor."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    @property
    def rings(self) -> list[list[_Place]]:
        """The rings, open, in degrees."""
    @property
    def from_us(self) -> int:
        """Start, in microseconds since the Unix epoch."""
    @property
    def until_us(self) -> int:
        """End, in microseconds since the Unix epoch; not part of it."""
    @property
    def per_mille(self) -> int:
        """The multiplier in thousandths: 1500 is half as much again."""
    def holds(self, lon: float, lat: float) -> bool:
        """Whether a point lies inside. Raises PlaceError place.off-globe."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Calendar:
    """Events under an R-tree."""

    def __new__(cls, events: Sequence[EventArea]) -> Calendar: ...
    def __len__(self) -> int: ...
    def per_mille(self, lon: float, lat: float, now_us: int) -> int:
        """The multiplier at a point and time, in thousandths: the largest of the events there and then; 1000 for none.

        Raises PlaceError place.off-globe.
        """
    def per_mille_many(self, lons: _Degrees, lats: _Degrees, now_us: int) -> list[int]:
        """The multiplier at each of many points at one time.

        Raises PlaceError place.off-globe, place.one-latitude-each.
        """
