"""A verifiable draw: ECVRF-EDWARDS25519-SHA512-TAI and -ELL2 (RFC 9381).

The owner of a key computes one output for each input; nobody can foresee it, everybody can check it, and nobody, the
owner included, can prove another:

>>> from globelet.algorithms.vrf import PublicKey, SecretKey, proof_to_hash
>>> tokyo = SecretKey(bytes(32))
>>> proof = tokyo.prove(b"epoch 1250")
>>> output = PublicKey(tokyo.public()).verify(b"epoch 1250", proof)
>>> output == proof_to_hash(proof)
True
>>> PublicKey(tokyo.public()).verify(b"epoch 1251", proof)
Traceback (most recent call last):
globelet.algorithms.vrf.VrfError: the proof does not hold for this key and input: refuse the draw

Where the input is secret, take the suite that works on every input for the same time:

>>> secret = tokyo.prove(b"a sealed bid", "ell2")
>>> len(PublicKey(tokyo.public()).verify(b"a sealed bid", secret, "ell2"))
64
"""

from __future__ import annotations

from globelet._native.vrf import SUITES, PublicKey, SecretKey, VrfError, proof_to_hash
from globelet.algorithms.about import About

__all__ = ["ABOUT", "SUITES", "PublicKey", "SecretKey", "VrfError", "proof_to_hash"]

ABOUT = About(
    name="vrf",
    does="verifiable random outputs: prove, verify, proof to hash, key validation",
    follows="RFC 9381, ECVRF-EDWARDS25519-SHA512-TAI and -ELL2",
    stands_on="own, on curve25519-dalek",
    vectors="RFC 9381 examples 16–21; the same bytes as vrf-rfc9381; points of small order, odd encodings",
    peers=("vrf-rfc9381",),
)
