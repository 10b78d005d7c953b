"""Key encapsulation: agree on a secret by one message, also against who has a quantum computer.

ML-KEM-768 (FIPS 203), X-Wing (ML-KEM-768 and X25519 together; prefer it), Streamlined NTRU Prime 761.

>>> from secrets import token_bytes
>>> from globelet.algorithms.kem import SIZES, PublicKey, SecretKey
>>> tokyo = SecretKey("x-wing", token_bytes(SIZES["x-wing"]["seed"]))
>>> known_to_all = tokyo.public().to_bytes()

Paris makes a ciphertext for Tokyo, and both share 32 bytes:

>>> ciphertext, shared = PublicKey("x-wing", known_to_all).encapsulate(token_bytes(SIZES["x-wing"]["randomness"]))
>>> tokyo.decapsulate(ciphertext) == shared
True

A bent ciphertext gives a secret that nobody else has, not an error (implicit rejection):

>>> bent = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
>>> tokyo.decapsulate(bent) == shared
False

Randomness decides the secret: take it from `secrets`, use it once. Python can't wipe the `bytes` that it gives you.
"""

from __future__ import annotations

from globelet._native.kem import SIZES, KemError, PublicKey, SecretKey
from globelet.algorithms.about import About

__all__ = ["ABOUT", "SIZES", "KemError", "PublicKey", "SecretKey"]

ABOUT = About(
    name="kem",
    does="key encapsulation: ML-KEM-768, X-Wing, sntrup761",
    follows="FIPS 203; draft-connolly-cfrg-xwing-kem; NTRU Prime, round 3",
    stands_on="libcrux-ml-kem, x25519-dalek, sntrup761",
    vectors="Wycheproof, NIST's known answers, X-Wing's draft; the crate x-wing; sntrup761's reference in C",
    peers=("aws-lc-rs", "OpenSSL"),
    note="aws-lc-rs and OpenSSL have ML-KEM-768 alone; X-Wing and sntrup761 stand beside nothing",
)
