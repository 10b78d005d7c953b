from collections.abc import Sequence

__all__ = ["carried", "name", "verify"]

def verify(genesis: str | bytes, documents: Sequence[str | bytes]) -> list[list[tuple[str, bool, str | None]]]:
    """Check receipts, as JSON documents, offline from a world's genesis.json: the steps of each one's proof, in order.

    A step is its name, whether it holds, and why not (or, for one that holds, what there is to know). A document that
    is no JSON has the one step `document`. Raises ValueError for a genesis that is none. Works on every processor and
    lets other threads run.
    """

def name(encoded: bytes) -> str:
    """The name of an interval signature's encoding, hexadecimal (BLAKE3): receipts that share it name it so."""

def carried(
    process: str, page: bytes, stages: Sequence[str]
) -> tuple[int | None, int | None, list[tuple[int, bytes, bytes] | bytes]]:
    """A page of the outbox of a process, ready for the bus: its `next`, its `newest`, and its records in order.

    A record is `(offset, key, value)`, or, where it is neither a usual receipt nor an interval signature, its JSON.
    Stages name the time stamps of a receipt's columns. Lets other threads run. Raises ValueError for what is no page.
    """
