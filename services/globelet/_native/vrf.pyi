from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = ["SUITES", "PublicKey", "SecretKey", "VrfError", "proof_to_hash"]

_Suite: TypeAlias = Literal["tai", "ell2"]
# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

SUITES: list[str]

class VrfError(AlgorithmError):
    """A seed, a key or a proof was refused.

    Codes: vrf.length, vrf.public-key, vrf.encoding, vrf.proof, vrf.unknown-suite, vrf.unequal.
    """

def proof_to_hash(proof: Buffer, suite: _Suite = "tai") -> bytes:
    """The output, 64 bytes, that a proof is for (RFC 9381 section 5.2), only if it holds: this does not check it.

    Raises VrfError vrf.length, vrf.encoding, vrf.unknown-suite.
    """

@final
class SecretKey:
    """A secret key that follows from a seed of 32 bytes, as Ed25519's; wiped when it is collected.

    Raises VrfError vrf.length.
    """

    def __new__(cls, seed: Buffer) -> SecretKey: ...
    def public(self) -> bytes:
        """The public key, 32 bytes."""
    def prove(self, alpha: Buffer, suite: _Suite = "tai") -> bytes:
        """The proof of the output for an input (RFC 9381 section 5.1), 80 bytes, always the same.

        Raises VrfError vrf.unknown-suite.
        """
    def prove_many(self, alphas: _Rows, suite: _Suite = "tai") -> list[bytes]:
        """The proofs for inputs. Raises VrfError vrf.unknown-suite."""

@final
class PublicKey:
    """A public key of 32 bytes that passed validation (RFC 9381 section 5.4.5).

    Raises VrfError vrf.length; vrf.public-key for bytes that are no canonical point or a point of small order.
    """

    def __new__(cls, data: Buffer) -> PublicKey: ...
    def to_bytes(self) -> bytes:
        """The key's only encoding."""
    def verify(self, alpha: Buffer, proof: Buffer, suite: _Suite = "tai") -> bytes:
        """Checks a proof for an input (RFC 9381 section 5.3) and gives the output, 64 bytes.

        Raises VrfError vrf.proof if it does not hold, vrf.length, vrf.encoding, vrf.unknown-suite.
        """
    def verify_many(self, alphas: _Rows, proofs: _Rows, suite: _Suite = "tai") -> list[bytes | None]:
        """The outputs of the proofs that hold, None for the others, whatever is wrong with them.

        Raises VrfError vrf.unequal, vrf.unknown-suite.
        """
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
