from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "SCHEMES",
    "SignatureError",
    "SigningKey",
    "VerifyingKey",
    "public_key",
    "sign",
    "verify",
    "verify_batch",
]

_Scheme: TypeAlias = Literal["ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-44-ed25519", "ml-dsa-65-ed25519"]
# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

SCHEMES: list[str]

class SignatureError(AlgorithmError):
    """A seed, a key or a signature was refused.

    Codes: signatures.length, signatures.public-key, signatures.context, signatures.unknown-scheme, signatures.unequal.
    """

def public_key(seed: Buffer) -> bytes:
    """The Ed25519 public key, 32 bytes, of a seed of 32 bytes. Raises SignatureError signatures.length."""

def sign(seed: Buffer, message: Buffer) -> bytes:
    """The Ed25519 signature (RFC 8032), 64 bytes. Raises SignatureError signatures.length."""

def verify(public: Buffer, message: Buffer, signature: Buffer) -> bool:
    """Whether an Ed25519 signature stands, by the rule of the replicas. Raises SignatureError signatures.length."""

def verify_batch(publics: _Rows, messages: _Rows, signatures: _Rows) -> list[bool]:
    """Which of many Ed25519 signatures stand: one equation for all, and one by one only where it does not hold.

    Raises SignatureError signatures.length, signatures.unequal.
    """

@final
class SigningKey:
    """A secret key that follows from a seed of 32 bytes, 64 for hybrids; wiped when it is collected.

    Raises SignatureError signatures.length, signatures.unknown-scheme.
    """

    def __new__(cls, scheme: _Scheme, seed: Buffer) -> SigningKey: ...
    @property
    def scheme(self) -> _Scheme:
        """The scheme's name."""
    def public(self) -> bytes:
        """The public key."""
    def sign(self, message: Buffer, context: Buffer | None = None) -> bytes:
        """The signature, always the same; `context` of 255 bytes at most, none for Ed25519.

        Raises SignatureError signatures.context.
        """
    def sign_many(self, messages: _Rows, context: Buffer | None = None) -> list[bytes]:
        """The signatures of messages. Raises SignatureError signatures.context."""

@final
class VerifyingKey:
    """A public key, checked and, for Ed25519, decompressed once.

    Raises SignatureError signatures.length, signatures.unknown-scheme, signatures.public-key.
    """

    def __new__(cls, scheme: _Scheme, public: Buffer) -> VerifyingKey: ...
    @property
    def scheme(self) -> _Scheme:
        """The scheme's name."""
    def to_bytes(self) -> bytes:
        """The key's only encoding."""
    def verify(self, message: Buffer, signature: Buffer, context: Buffer | None = None) -> bool:
        """Whether a signature stands on a message. Raises SignatureError signatures.length, signatures.context."""
    def verify_many(self, messages: _Rows, signatures: _Rows, context: Buffer | None = None) -> list[bool]:
        """Which signatures stand. Raises SignatureError signatures.length, signatures.context, signatures.unequal."""
