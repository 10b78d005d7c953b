from collections.abc import Mapping

from typing_extensions import Buffer

__all__ = ["blake3", "check_world", "order_id", "signing_bytes"]

def signing_bytes(order: Mapping[str, int | str | bytes]) -> bytes:
    """The bytes an account signs for an order.

    A transfer has `world, source, destination, from, to, amount, nonce, expires_us`, an opening
    `world, municipality, account, expires_us`. Municipalities are numbers, accounts 32 bytes or 64 hexadecimal digits.

    Raises KeyError for a missing field, ValueError for one out of range or one too many.
    """

def order_id(order: Mapping[str, int | str | bytes]) -> str:
    """The order's id, 64 hexadecimal digits: BLAKE3 of its signing bytes. Raises KeyError, ValueError as they do."""

def blake3(data: Buffer) -> bytes:
    """BLAKE3-256 of anything that holds contiguous bytes: 32 bytes."""

def check_world(json: str) -> None:
    """Read a resolved world as the nodes do. Raises ValueError for what they would refuse."""
