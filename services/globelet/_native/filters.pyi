from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["MOST_BYTES", "Bloom", "Cuckoo", "FilterError", "Fuse", "GrowingBloom"]

# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

MOST_BYTES: Final[int]
"""Most bytes of a filter."""

class FilterError(AlgorithmError):
    """A filter, an item or bytes were refused.

    Codes: filters.too-large, filters.rate, filters.full, filters.copies, filters.different, filters.malformed,
    filters.no-arrangement, filters.bits.
    """

@final
class Bloom:
    """A blocked Bloom filter for `items` items (Putze, Sanders, Singler 2007; one cache line for each question).

    Once it holds them, strangers are found with a probability of at most `rate`, from 0.000001 to 0.5; what was added
    is always found. Raises FilterError filters.rate, filters.too-large.
    """

    def __new__(cls, items: int, rate: float = 0.01, seed: int = 0) -> Bloom: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Bloom:
        """Reads a filter from its only encoding. Raises FilterError filters.malformed, filters.too-large."""
    def to_bytes(self) -> bytes:
        """The only encoding: "gfb1", seed and number of items as 64 bits little-endian, then the words alike."""
    def insert(self, item: Buffer) -> bool:
        """Adds an item, and says whether it was perhaps there before."""
    def insert_many(self, items: _Rows) -> None:
        """Adds items."""
    def __contains__(self, item: Buffer, /) -> bool: ...
    def contains_many(self, items: _Rows) -> list[bool]:
        """Whether each item was perhaps added; False is certain."""
    def merge(self, other: Bloom) -> None:
        """Adds all that the other filter holds. Raises FilterError filters.different unless seed and size are equal."""
    def __len__(self) -> int:
        """Items added that were not found before; after a merge, those of both."""
    @property
    def rate(self) -> float:
        """The probability that a stranger is found now."""
    @property
    def size(self) -> int:
        """Bytes of memory."""
    @property
    def seed(self) -> int:
        """What decides every choice."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class GrowingBloom:
    """A Bloom filter for any number of items at one rate (Almeida, Baquero, Preguiça, Hutchison 2007).

    Layers, the first for `first` items, each for twice those of the one before. It is not merged: two full layers make
    one that is too full. Raises FilterError filters.rate, filters.too-large.
    """

    def __new__(cls, first: int = 1000, rate: float = 0.01, seed: int = 0) -> GrowingBloom: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> GrowingBloom:
        """Reads a filter from its only encoding.

        Raises FilterError filters.malformed, filters.rate, filters.too-large.
        """
    def to_bytes(self) -> bytes:
        """The only encoding: "gfg1", seed, first items, rate, number of layers; of each layer its items and words."""
    def insert(self, item: Buffer) -> bool:
        """Adds an item if it is not found, and says whether it was perhaps there before.

        Raises FilterError filters.too-large.
        """
    def insert_many(self, items: _Rows) -> None:
        """Adds the items that are not found. Raises FilterError filters.too-large."""
    def __contains__(self, item: Buffer, /) -> bool: ...
    def contains_many(self, items: _Rows) -> list[bool]:
        """Whether each item was perhaps added; False is certain."""
    def __len__(self) -> int:
        """Items added that were not found before."""
    @property
    def layers(self) -> int:
        """How many layers there are."""
    @property
    def rate(self) -> float:
        """The probability that a stranger is found now, at most the one asked for."""
    @property
    def size(self) -> int:
        """Bytes of memory."""
    @property
    def seed(self) -> int:
        """What decides every choice."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Cuckoo:
    """A cuckoo filter with deletion (Fan, Andersen, Kaminsky, Mitzenmacher 2014), with room for `items` items at first.

    It doubles when it is full, without the items; each time one of the `bits` of a mark, 16 or 32, goes into its place,
    and strangers are found twice as often: with a probability of at most 8 / 2**(bits - grown). It doubles 8 or 24
    times at most. Raises FilterError filters.too-large, filters.bits.
    """

    def __new__(cls, items: int, seed: int = 0, bits: Literal[16, 32] = 16) -> Cuckoo: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Cuckoo:
        """Reads a filter from its only encoding. Raises FilterError filters.malformed, filters.too-large."""
    def to_bytes(self) -> bytes:
        """The only encoding: "gfc1", seed, number of items, bits, size of a segment, doublings; then the slots."""
    def insert(self, item: Buffer) -> None:
        """Adds an item; the same item added twice is held twice.

        Raises FilterError filters.copies if it is held eight times, filters.full, filters.too-large; then nothing has
        changed.
        """
    def insert_many(self, items: _Rows) -> None:
        """Adds items, up to the first that is refused, as by `insert`."""
    def __contains__(self, item: Buffer, /) -> bool: ...
    def contains_many(self, items: _Rows) -> list[bool]:
        """Whether each item is perhaps held; False is certain."""
    def remove(self, item: Buffer) -> bool:
        """Takes out one copy of an item, and says whether there was one. Only what was added may be removed."""
    def remove_many(self, items: _Rows) -> list[bool]:
        """Takes out one copy of each item, and says of each whether there was one."""
    def merge(self, other: Cuckoo) -> None:
        """Adds all that the other filter holds, however often either has doubled.

        Raises FilterError filters.different unless seed, bits and first size are equal, and as `insert`; then nothing
        has changed.
        """
    def __len__(self) -> int:
        """Items held, with their copies."""
    @property
    def bits(self) -> int:
        """Bits of a mark."""
    @property
    def grown(self) -> int:
        """How often the filter has doubled."""
    @property
    def slots(self) -> int:
        """Items for which there is a place now."""
    @property
    def rate(self) -> float:
        """The probability that a stranger is found now."""
    @property
    def size(self) -> int:
        """Bytes of memory."""
    @property
    def seed(self) -> int:
        """What decides every choice."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Fuse:
    """A sealed set: a binary fuse filter (Graf, Lemire 2022) of 9 or 18 bits an item.

    Strangers are found with a probability of 1 / 2**bits, for bits of 8 or 16. Nothing can be added, and two can not be
    merged without their items. Raises FilterError filters.too-large, filters.no-arrangement, filters.bits.
    """

    def __new__(cls, items: _Rows, seed: int = 0, bits: Literal[8, 16] = 8) -> Fuse: ...
    @classmethod
    def from_bytes(cls, data: Buffer) -> Fuse:
        """Reads a filter from its only encoding. Raises FilterError filters.malformed, filters.too-large."""
    def to_bytes(self) -> bytes:
        """The only encoding: "gff1", seed, number of items, bits, attempt; then the fingerprints."""
    def __contains__(self, item: Buffer, /) -> bool: ...
    def contains_many(self, items: _Rows) -> list[bool]:
        """Whether each item is perhaps in the set; False is certain."""
    def __len__(self) -> int:
        """Distinct items."""
    @property
    def bits(self) -> int:
        """Bits of a fingerprint."""
    @property
    def rate(self) -> float:
        """The probability that a stranger is found."""
    @property
    def size(self) -> int:
        """Bytes of memory."""
    @property
    def seed(self) -> int:
        """What decides every choice."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
