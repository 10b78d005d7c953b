from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["SIZES", "KemError", "PublicKey", "SecretKey"]

_Scheme: TypeAlias = Literal["ml-kem-768", "x-wing", "sntrup761"]
# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

SIZES: dict[str, dict[str, int]]

class KemError(AlgorithmError):
    """A key, a seed or a ciphertext was refused.

    Codes: kem.length, kem.public-key, kem.secret-key, kem.unknown-scheme.
    """

@final
class SecretKey:
    """A secret key that follows from a seed of random bytes; wiped when it is collected.

    Raises KemError kem.length, kem.unknown-scheme.
    """

    def __new__(cls, scheme: _Scheme, seed: Buffer) -> SecretKey: ...
    @property
    def scheme(self) -> _Scheme:
        """The scheme's name."""
    def public(self) -> PublicKey:
        """The public key."""
    def decapsulate(self, ciphertext: Buffer) -> bytes:
        """The shared secret, 32 bytes. A ciphertext that was not made for this key gives another secret, not an error.

        Raises KemError kem.length.
        """
    def decapsulate_many(self, ciphertexts: _Rows) -> list[bytes]:
        """The shared secrets of ciphertexts. Raises KemError kem.length."""

@final
class PublicKey:
    """A public key. Raises KemError kem.length, kem.unknown-scheme, kem.public-key for one that is not canonical."""

    def __new__(cls, scheme: _Scheme, data: Buffer) -> PublicKey: ...
    @property
    def scheme(self) -> _Scheme:
        """The scheme's name."""
    def to_bytes(self) -> bytes:
        """The key's only encoding."""
    def encapsulate(self, randomness: Buffer) -> tuple[bytes, bytes]:
        """A ciphertext for the key's owner and the shared secret, 32 bytes.

        `randomness` comes from `secrets.token_bytes`, for this call alone. Raises KemError kem.length.
        """
    def encapsulate_many(self, randomness: _Rows) -> list[tuple[bytes, bytes]]:
        """A ciphertext and a shared secret for each row of randomness. Raises KemError kem.length."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
