"""Keys that a committee shares: threshold encryption (TDH2), a common coin, threshold BLS signatures, ceremonies.

Any `needed` members open what is sealed to the committee, fewer learn nothing, and who sends a wrong share is named:

>>> from globelet.algorithms.threshold import Ceremony, ThresholdError, TransportKey, deal, deal_signing
>>> tokyo, shares = deal(4, 2, bytes(32))
>>> sealed = tokyo.encrypt(b"round 7", b"one cherry blossom", bytes(32))
>>> tokyo.check(b"round 7", sealed)
>>> tokyo.combine(b"round 7", sealed, [shares[3].decryption_share(sealed), shares[1].decryption_share(sealed)])
b'one cherry blossom'
>>> other = tokyo.encrypt(b"round 7", b"another", bytes(32))
>>> try:
...     tokyo.combine(b"round 7", sealed, [shares[0].decryption_share(sealed), shares[2].decryption_share(other)])
... except ThresholdError as refused:
...     refused.members
[2]

Any quorum makes the same signature:

>>> committee, signers = deal_signing(4, 3, bytes(32))
>>> part = [signer.sign(b"checkpoint") for signer in signers]
>>> signature = committee.combine(b"checkpoint", [0, 1, 2], part[:3])
>>> signature == committee.combine(b"checkpoint", [3, 2, 1], part[:0:-1])
True

A key that nobody ever held: each member deals, all handle what is broadcast, all come to the same key:

>>> keys = [TransportKey(bytes([member]) * 32) for member in range(3)]
>>> publics = [key.public() for key in keys]
>>> members = [Ceremony.generation("encryption", b"first key", publics, 2, key) for key in keys]
>>> for message in [member.deal(dealer, bytes([dealer]) * 32) for dealer, member in enumerate(members)]:
...     assert [member.handle(message) for member in members] == [None, None, None]
>>> paris, *rest = [member.outcome()[0] for member in members]
>>> rest == [paris, paris]
True
"""

from __future__ import annotations

from globelet._native.threshold import (
    SCHEMES,
    Ceremony,
    Ciphertext,
    CoinShare,
    DecryptionShare,
    KeyShare,
    PublicKey,
    SigningCommittee,
    SigningShare,
    ThresholdError,
    TransportKey,
    deal,
    deal_signing,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
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

ABOUT = About(
    name="threshold",
    does="threshold encryption, common coin and BLS signatures; key generation and resharing",
    follows="TDH2 (Shoup, Gennaro 2002); Boldyreva 2003; Pedersen 1991, Desmedt and Jajodia 1997, EthDKG 2019",
    stands_on="own, on curve25519-dalek and blst (by blstrs)",
    vectors="drand's signatures; every subset opens alike; cheats are named; the order of messages changes nothing",
    peers=("commonware-cryptography", "blst"),
)
