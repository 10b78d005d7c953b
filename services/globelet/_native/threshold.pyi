from collections.abc import Sequence
from typing import Literal, TypeAlias, final

from typing_extensions import Buffer

from globelet._native import AlgorithmError

__all__ = [
    "SCHEMES",
    "Ceremony",
    "Ciphertext",
    "CoinShare",
    "DecryptionShare",
    "KeyShare",
    "PublicKey",
    "SigningCommittee",
    "SigningShare",
    "ThresholdError",
    "TransportKey",
    "deal",
    "deal_signing",
]

_Scheme: TypeAlias = Literal["encryption", "signing"]
# A list or tuple of bytes-like objects, or a contiguous two-dimensional array of bytes, one item a row.
_Rows: TypeAlias = Sequence[Buffer] | Buffer

SCHEMES: list[str]

class ThresholdError(AlgorithmError):
    """Keys, shares or messages were refused.

    Codes: threshold.threshold, threshold.label, threshold.proof, threshold.not-enough, threshold.bad-shares,
    threshold.unopenable, threshold.encoding, threshold.no-such-member, threshold.wrong-ceremony, threshold.bad-dealer,
    threshold.bad-complaint, threshold.not-enough-dealings, threshold.degenerate, threshold.length,
    threshold.unknown-scheme, threshold.other-scheme, threshold.unequal.
    """

    members: list[int]
    """The numbers of those who are at fault: members with bad shares, a dealer, a receiver; empty where nobody is."""

def deal(n: int, needed: int, randomness: Buffer) -> tuple[PublicKey, list[KeyShare]]:
    """Splits a fresh key of ristretto255 among `n` members so that any `needed` can use it (Shamir 1979).

    Whoever calls this knows the key: see `Ceremony` for one that nobody knows. `randomness` has 32 bytes and determines
    everything. Raises ThresholdError threshold.threshold unless 1 <= needed <= n, threshold.length.
    """

def deal_signing(n: int, needed: int, randomness: Buffer) -> tuple[SigningCommittee, list[SigningShare]]:
    """As `deal`, for a signing key of BLS12-381."""

@final
class PublicKey:
    """A committee's public key for encryption, and a verification key for each member. Members count from 0."""

    @staticmethod
    def from_bytes(data: Buffer) -> PublicKey:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding: 36 bytes and 32 for each member."""
    @property
    def members(self) -> int:
        """Members of the committee."""
    @property
    def needed(self) -> int:
        """Shares that are enough."""
    def group_key(self) -> bytes:
        """The key that ciphertexts are sealed to, 32 bytes; resharing keeps it."""
    def encrypt(self, label: Buffer, plaintext: Buffer, randomness: Buffer) -> Ciphertext:
        """Seals a payload to the committee, bound to a label (TDH2). `randomness`: 32 bytes, fresh for each call.

        Raises ThresholdError threshold.length.
        """
    def check(self, label: Buffer, ciphertext: Ciphertext) -> None:
        """Refuses a ciphertext that was not made for this label by somebody who knows what is in it.

        Each member must call this before it makes a share. Raises ThresholdError threshold.label, threshold.proof.
        """
    def verify_share(self, ciphertext: Ciphertext, share: DecryptionShare) -> bool:
        """Whether a share is what its member's key makes of a ciphertext."""
    def combine(self, label: Buffer, ciphertext: Ciphertext, shares: Sequence[DecryptionShare]) -> bytes:
        """Opens a checked ciphertext. Shares are verified only if it does not open, and then the bad ones are named.

        Raises ThresholdError threshold.label, threshold.not-enough, threshold.bad-shares (with `members`),
        threshold.unopenable if the author is at fault.
        """
    def verify_coin_share(self, name: Buffer, share: CoinShare) -> bool:
        """Whether a share is what its member's key makes of a coin's name."""
    def combine_coin(self, name: Buffer, shares: Sequence[CoinShare]) -> bytes:
        """The coin of a name, 32 bytes, the same whichever shares are used; those that do not verify are passed over.

        Raises ThresholdError threshold.not-enough.
        """
    def __eq__(self, other: object, /) -> bool: ...

@final
class KeyShare:
    """One member's share of the secret key, wiped when it is collected. Its bytes are secret."""

    @staticmethod
    def from_bytes(data: Buffer) -> KeyShare:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding, 66 bytes: secret."""
    @property
    def index(self) -> int:
        """The member's number."""
    def decryption_share(self, ciphertext: Ciphertext) -> DecryptionShare:
        """The member's share of opening a ciphertext that passed `PublicKey.check`."""
    def coin_share(self, name: Buffer) -> CoinShare:
        """The member's share of a coin. A name must be drawn once."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class Ciphertext:
    """A payload sealed to a committee and bound to a label: 212 bytes more than the payload."""

    @staticmethod
    def from_bytes(data: Buffer) -> Ciphertext:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class DecryptionShare:
    """One member's contribution to opening a ciphertext, with a proof that it is the right one; 98 bytes."""

    @staticmethod
    def from_bytes(data: Buffer) -> DecryptionShare:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    @property
    def index(self) -> int:
        """The member's number, as it says."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class CoinShare:
    """One member's contribution to a coin, with a proof that it is the right one; 98 bytes."""

    @staticmethod
    def from_bytes(data: Buffer) -> CoinShare:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding."""
    @property
    def index(self) -> int:
        """The member's number, as it says."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class SigningCommittee:
    """A committee's public key for BLS signatures, and a verification key for each member. Members count from 0."""

    @staticmethod
    def from_bytes(data: Buffer) -> SigningCommittee:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding: 100 bytes and 96 for each member."""
    @property
    def members(self) -> int:
        """Members of the committee."""
    @property
    def needed(self) -> int:
        """Shares that are enough."""
    def group_key(self) -> bytes:
        """The key that signatures verify under, 96 bytes of G2, compressed; resharing keeps it."""
    def verify(self, message: Buffer, signature: Buffer) -> bool:
        """Whether the committee signed a message. Raises ThresholdError threshold.length unless it has 48 bytes."""
    def verify_many(self, messages: _Rows, signatures: _Rows) -> list[bool]:
        """Which signatures stand. Raises ThresholdError threshold.length, threshold.unequal."""
    def verify_share(self, index: int, message: Buffer, share: Buffer) -> bool:
        """Whether a member signed a message; False for a number that nobody has. Raises threshold.length."""
    def combine(self, message: Buffer, indices: Sequence[int], shares: _Rows) -> bytes:
        """The committee's signature, 48 bytes, the same whichever shares of 48 bytes are used.

        Shares are verified only if the signature does not, and then the bad ones are named. Raises ThresholdError
        threshold.not-enough, threshold.bad-shares (with `members`), threshold.length, threshold.unequal.
        """
    def __eq__(self, other: object, /) -> bool: ...

@final
class SigningShare:
    """One member's share of the signing key, wiped when it is collected. Its bytes are secret."""

    @staticmethod
    def from_bytes(data: Buffer) -> SigningShare:
        """Reads what `to_bytes` wrote. Raises ThresholdError threshold.encoding."""
    def to_bytes(self) -> bytes:
        """The only encoding, 34 bytes: secret."""
    @property
    def index(self) -> int:
        """The member's number."""
    def sign(self, message: Buffer) -> bytes:
        """The member's share of the signature, 48 bytes, always the same."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class TransportKey:
    """A member's own key, to which dealers seal its shares; follows from a seed of 32 bytes.

    Raises ThresholdError threshold.length.
    """

    def __new__(cls, seed: Buffer) -> TransportKey: ...
    def public(self) -> bytes:
        """The public key, 32 bytes."""

@final
class Ceremony:
    """One member's view, or an observer's, of how a committee makes a key that nobody holds, or hands one on.

    Messages are bytes; everybody gives every message that is broadcast, its own too, to `handle`, in any order.
    """

    @staticmethod
    def generation(
        scheme: _Scheme, session: Buffer, receivers: _Rows, needed: int, key: TransportKey | None = None
    ) -> Ceremony:
        """A ceremony for a new key. `session` names it, once; `receivers` are all members' transport keys in order.

        Raises ThresholdError threshold.unknown-scheme, threshold.threshold, threshold.encoding, threshold.length,
        threshold.no-such-member if `key` is none of the receivers'.
        """
    @staticmethod
    def resharing(
        old: PublicKey | SigningCommittee,
        session: Buffer,
        receivers: _Rows,
        needed: int,
        key: TransportKey | None = None,
    ) -> Ceremony:
        """A ceremony that hands `old` to the committee of `receivers`: old members deal, new ones receive.

        Raises as `generation`.
        """
    @property
    def scheme(self) -> _Scheme:
        """The scheme's name."""
    @property
    def members(self) -> int:
        """Receivers."""
    @property
    def dealers(self) -> int:
        """Members who may deal."""
    @property
    def dealings_needed(self) -> int:
        """Dealings that must stand."""
    @property
    def faults(self) -> dict[int, str]:
        """The dealers that are out, each with the reason."""
    def deal(self, dealer: int, randomness: Buffer) -> bytes:
        """A member's dealing of a fresh secret, to be broadcast. `randomness`: 32 bytes, fresh, secret.

        Raises ThresholdError threshold.no-such-member, threshold.wrong-ceremony, threshold.length.
        """
    def redeal(self, share: KeyShare | SigningShare, randomness: Buffer) -> bytes:
        """An old member's dealing of its share of the old key, to be broadcast. `randomness`: 32 bytes, fresh, secret.

        Raises ThresholdError threshold.wrong-ceremony, threshold.bad-shares, threshold.other-scheme, threshold.length.
        """
    def handle(self, message: Buffer) -> bytes | None:
        """Takes in a message; gives a complaint that must be broadcast, if the sender dealt this receiver a bad share.

        Raises ThresholdError threshold.encoding, threshold.no-such-member; threshold.bad-dealer,
        threshold.bad-complaint (with `members`): the ceremony goes on after each of them.
        """
    def outcome(self) -> tuple[PublicKey | SigningCommittee, KeyShare | SigningShare | None, list[int]]:
        """The public key, this member's share (None for an observer), and the dealers whose dealings it is made of.

        Raises ThresholdError threshold.not-enough-dealings, threshold.degenerate.
        """
