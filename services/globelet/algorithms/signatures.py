"""Signatures: Ed25519 strict and in batches, ML-DSA-44 and -65 (FIPS 204), and hybrids of both.

>>> from globelet.algorithms.signatures import SigningKey, VerifyingKey, verify_batch
>>> key = SigningKey("ed25519", bytes(32))
>>> signature = key.sign(b"1250 from tokyo to paris")
>>> VerifyingKey("ed25519", key.public()).verify(b"1250 from tokyo to paris", signature)
True

Many Ed25519 signatures are checked by one equation, and a wrong one is named:

>>> messages = [b"one", b"two", b"three"]
>>> verify_batch([key.public()] * 3, messages, key.sign_many([b"one", b"2", b"three"]))
[True, False, True]

A hybrid stands as long as one of its two algorithms does; a context keeps one use apart from another:

>>> both = SigningKey("ml-dsa-65-ed25519", bytes(64))
>>> signature = both.sign(b"interval root", b"tokyo")
>>> VerifyingKey("ml-dsa-65-ed25519", both.public()).verify(b"interval root", signature, b"paris")
False
"""

from __future__ import annotations

from globelet._native.signatures import (
    SCHEMES,
    SignatureError,
    SigningKey,
    VerifyingKey,
    public_key,
    sign,
    verify,
    verify_batch,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "SCHEMES",
    "SignatureError",
    "SigningKey",
    "VerifyingKey",
    "public_key",
    "sign",
    "verify",
    "verify_batch",
]

ABOUT = About(
    name="signatures",
    does="Ed25519 strict and batch, ML-DSA-44/65, hybrids of both",
    follows="RFC 8032; FIPS 204; draft-ietf-lamps-pq-composite-sigs",
    stands_on="ed25519-dalek (the batch is own), libcrux-ml-dsa",
    vectors="RFC 8032, Wycheproof, NIST's known answers; hybrids against OpenSSL's parts",
    peers=("ed25519-dalek", "aws-lc-rs"),
    slower="aws-lc-rs signs with assembly of its own: Ed25519 in less than half the time, ML-DSA-65 in three quarters. "
    "A batch with prepared keys costs a quarter more than in ed25519-dalek: its weights are a hash of all that is in "
    "it, where the other draws them at random. Single checks are within a seventh.",
)
