"""What an archive needs of a store, and what a store tells of things it could not read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


@dataclass(frozen=True)
class Skipped:
    """Something in the store that is not readable: its name there, and why. The rest was read."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


class Source(Protocol):
    """One store of receipts and blocks, read-only."""

    store: str
    """What it is, for people: `SQLite`, `MongoDB`, `Parquet on S3`."""
    skipped: list[Skipped]
    """What the last reading could not read."""

    def receipts(self, since_us: int) -> pd.DataFrame:
        """The receipts admitted since then (µs of the epoch), newest version of each; columns `columns.RECEIPTS`."""
        ...

    def blocks(self) -> pd.DataFrame:
        """The blocks of every chain; columns `columns.BLOCKS`."""
        ...

    def stages(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The ladders of those of these transfers that are here: `{id: {"stages": {stage: stamp}}}`."""
        ...

    def bodies(self, ids: Collection[str]) -> dict[str, bytes]:
        """The canonical bodies, as kept here, of those of these receipts that are here. Raises `NoBodies`."""
        ...

    def intervals(self, names: Collection[str]) -> dict[str, bytes]:
        """The encodings of those of these interval signatures that are here, by name. Raises `NoBodies`."""
        ...
