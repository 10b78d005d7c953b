"""What is wrong with a world file: every mistake with its place and its mend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing to mend in a world file. Lines and columns count from 1."""

    line: int
    column: int
    where: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        """`FILE:LINE:COLUMN: WHERE: MESSAGE`, which editors turn into a link."""
        place = f"{self.file}:{self.line}:{self.column}: "
        return place + (f"{self.where}: {self.message}" if self.where else self.message)

    def as_dict(self) -> dict[str, object]:
        """The mistake as JSON fields."""
        return asdict(self)


class WorldError(ValueError):
    """A world file that can't be used, with everything that is wrong with it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a person most likely meant, if any is near."""
    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None
