"""Merkle trees of RFC 9162: inclusion, consistency and multi-proofs, over BLAKE3 or SHA-256.

>>> from globelet.algorithms.merkle import InclusionProof, Tree
>>> tree = Tree([b"tokyo", b"paris", b"osaka"])
>>> before = tree.root()
>>> proof = tree.prove(1)
>>> proof.verify(before, b"paris"), proof.verify(before, b"london")
(True, False)
>>> len(proof.to_bytes()), InclusionProof.from_bytes(proof.to_bytes()) == proof
(76, True)

A tree grows at its end, and can prove that it did nothing else:

>>> tree.push(b"london")
3
>>> tree.prove_consistency(old=3).verify(before, tree.root())
True

Many leaves share one proof:

>>> tree.prove_many([0, 1, 3]).verify(tree.root(), [b"tokyo", b"paris", b"london"])
True

What is refused says why, with a code:

>>> tree.prove(4)
Traceback (most recent call last):
globelet.algorithms.merkle.MerkleError: there is no leaf 4 in a tree of 4: leaves are numbered from 0
"""

from __future__ import annotations

from globelet._native.merkle import (
    ConsistencyProof,
    InclusionProof,
    MerkleError,
    MultiProof,
    Tree,
    root,
    verify_many,
)
from globelet.algorithms.about import About

__all__ = ["ABOUT", "ConsistencyProof", "InclusionProof", "MerkleError", "MultiProof", "Tree", "root", "verify_many"]

ABOUT = About(
    name="merkle",
    does="trees with inclusion, consistency and multi-proofs",
    follows="RFC 9162 section 2.1, RFC 6962",
    stands_on="own, on blake3 and sha2",
    vectors="RFC 6962's tree of eight leaves and the proofs published for it; RFC 9162's definitions as laws",
    peers=("rs_merkle",),
)
