"""Trees and proofs called from Python, beside the same in plain Python over the same hash."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from globelet.algorithms import merkle

LEAVES = [bytes([number % 256]) * 64 for number in range(1024)]


def plain_root(leaves: list[bytes]) -> bytes:
    """Level by level, as the crate does it."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        above = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = above if len(level) % 2 == 0 else [*above, level[-1]]
    return level[0]


def plain_verify(root: bytes, leaf: bytes, index: int, path: list[bytes]) -> bool:
    """For a full tree."""
    node = hashlib.sha256(b"\x00" + leaf).digest()
    for beside in path:
        node = hashlib.sha256(b"\x01" + (beside + node if index & 1 else node + beside)).digest()
        index >>= 1
    return node == root


@pytest.mark.benchmark(group="merkle: root of 1,024 leaves of 64 B")
@pytest.mark.parametrize(
    ("who", "call"),
    [
        ("called from Python, sha256", lambda: merkle.root(LEAVES, "sha256")),
        ("plain Python, sha256", lambda: plain_root(LEAVES)),
    ],
)
def test_root(benchmark: Any, who: str, call: Any) -> None:
    benchmark.extra_info["who"] = who
    assert benchmark(call) == plain_root(LEAVES)


@pytest.mark.benchmark(group="merkle: verify a leaf of 1,024")
@pytest.mark.parametrize("who", ["called from Python, sha256", "plain Python, sha256"])
def test_verify(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    tree = merkle.Tree(LEAVES, "sha256")
    root, proof = tree.root(), tree.prove(700)
    path = proof.path
    if who.startswith("called"):
        assert benchmark(proof.verify, root, LEAVES[700], "sha256")
    else:
        assert benchmark(plain_verify, root, LEAVES[700], 700, path)
