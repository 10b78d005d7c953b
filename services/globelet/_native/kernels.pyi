from typing import final

__all__ = ["NAMES", "Kernels", "length", "nothing"]

NAMES: tuple[str, ...]

def nothing() -> None:
    """Does nothing: what is left is the call."""

def length(data: bytes) -> int:
    """How many bytes there are; they are not copied."""

@final
class Kernels:
    """Single operations of the hot path and what they work on, for measuring."""

    def __new__(cls) -> Kernels: ...
    def run(self, name: str, times: int) -> None:
        """Does one operation of `NAMES` so many times, without the interpreter's lock. KeyError for another name."""
