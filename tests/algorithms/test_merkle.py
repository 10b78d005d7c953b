"""`globelet.algorithms.merkle` against RFC 9162's definitions written out in Python, and against wrong input."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import blake3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.threads import turns_while

from globelet.algorithms import AlgorithmError, merkle
from globelet.algorithms.merkle import ConsistencyProof, InclusionProof, MerkleError, MultiProof, Tree

pytestmark = pytest.mark.algorithms

LEAVES = st.lists(st.binary(max_size=80), max_size=70)


def digest(name: str, data: bytes) -> bytes:
    return hashlib.sha256(data).digest() if name == "sha256" else bytes(blake3.blake3(data).digest())


def mth(name: str, leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return digest(name, b"")
    if len(leaves) == 1:
        return digest(name, b"\x00" + leaves[0])
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return digest(name, b"\x01" + mth(name, leaves[:k]) + mth(name, leaves[k:]))


@pytest.mark.parametrize("name", ["blake3", "sha256"])
@given(leaves=LEAVES)
def test_roots_are_those_of_the_rfc(name: Any, leaves: list[bytes]) -> None:
    tree = Tree(leaves, name)
    assert tree.root() == merkle.root(leaves, name) == mth(name, leaves)
    grown = Tree(hash_name=name)
    for number, leaf in enumerate(leaves):
        assert grown.push(leaf) == number
        assert tree.root(number + 1) == grown.root()
    again = Tree(leaves[: len(leaves) // 2], name)
    again.extend(leaves[len(leaves) // 2 :])
    assert again.root() == tree.root()
    assert (len(tree), tree.hash_name) == (len(leaves), name)


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=40), st.data())
def test_proofs_stand_and_foreign_ones_do_not(leaves: list[bytes], data: st.DataObject) -> None:
    tree = Tree(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.prove(index, size)
    assert proof.verify(tree.root(size), leaves[index])
    assert not proof.verify(tree.root(size), leaves[index] + b"!")
    assert not proof.verify(digest("blake3", b"another root"), leaves[index])
    assert InclusionProof.from_bytes(proof.to_bytes()) == proof
    chosen = sorted(data.draw(st.sets(st.integers(0, len(leaves) - 1), min_size=1)))
    many = tree.prove_many(chosen)
    assert many.verify(tree.root(), [leaves[i] for i in chosen])
    assert not many.verify(tree.root(), [leaves[i] for i in chosen[1:]])
    assert MultiProof.from_bytes(many.to_bytes()) == many
    assert len(many.path) <= sum(len(tree.prove(i).path) for i in chosen)
    old = data.draw(st.integers(0, len(leaves)))
    grown = tree.prove_consistency(old)
    assert grown.verify(tree.root(old), tree.root())
    assert not grown.verify(digest("blake3", b"another root"), tree.root())
    assert ConsistencyProof.from_bytes(grown.to_bytes()) == grown


def test_buffers_of_every_kind_are_read_where_they_lie() -> None:
    rows = np.arange(96, dtype=np.uint8).reshape(12, 8)
    plain = [row.tobytes() for row in rows]
    root = merkle.root(plain)
    assert merkle.root(rows) == root
    assert merkle.root(tuple(memoryview(row) for row in plain)) == root
    assert merkle.root([bytearray(row) for row in plain]) == root
    tree = Tree(rows)
    assert tree.prove(3).verify(np.frombuffer(root, dtype=np.uint8), rows[3])
    proofs = [tree.prove(i) for i in range(12)]
    assert merkle.verify_many(root, proofs, rows) == [True] * 12
    assert merkle.verify_many(root, proofs, plain[::-1]) == [False] * 12


def test_other_threads_run_meanwhile() -> None:
    """The tree of a million leaves is built while another thread counts: with the lock held, it could not."""
    leaves = np.zeros((1_000_000, 8), dtype=np.uint8)
    assert turns_while(lambda: merkle.root(leaves)) > 1_000


REFUSED: list[tuple[str, Any]] = [
    ("merkle.no-such-leaf", lambda tree: tree.prove(3)),
    ("merkle.no-such-leaf", lambda tree: tree.prove(2, 2)),
    ("merkle.no-such-leaf", lambda tree: tree.prove_many([0, 3])),
    ("merkle.no-such-size", lambda tree: tree.prove(0, 4)),
    ("merkle.no-such-size", lambda tree: tree.root(4)),
    ("merkle.no-such-size", lambda tree: tree.prove_consistency(3, 2)),
    ("merkle.not-rising", lambda tree: tree.prove_many([])),
    ("merkle.not-rising", lambda tree: tree.prove_many([1, 1])),
    ("merkle.not-rising", lambda tree: tree.prove_many([1, 0])),
    ("merkle.unknown-hash", lambda tree: Tree([b"a"], "md5")),
    ("merkle.root-length", lambda tree: tree.prove(0).verify(b"short", b"a")),
    ("merkle.one-proof-each", lambda tree: merkle.verify_many(tree.root(), [], [b"a"])),
    ("merkle.length", lambda tree: InclusionProof.from_bytes(b"")),
    ("merkle.length", lambda tree: InclusionProof.from_bytes(tree.prove(0).to_bytes()[:-1])),
    ("merkle.length", lambda tree: InclusionProof.from_bytes(tree.prove(0).to_bytes() + b"\0")),
    ("merkle.no-such-leaf", lambda tree: InclusionProof.from_bytes(b"\xff" * 12)),
    ("merkle.length", lambda tree: ConsistencyProof.from_bytes(tree.prove_consistency(2).to_bytes()[:-32])),
    ("merkle.no-such-size", lambda tree: ConsistencyProof.from_bytes(b"\x02\0\0\0\x01\0\0\0\0\0\0\0")),
    ("merkle.length", lambda tree: MultiProof.from_bytes(b"\xff" * 8)),
    ("merkle.not-rising", lambda tree: MultiProof.from_bytes(b"\x01\0\0\0\0\0\0\0\0\0\0\0")),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    tree = Tree([b"a", b"b", b"c"])
    with pytest.raises(MerkleError) as refused:
        call(tree)
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: merkle.root("text"),
        lambda: merkle.root([1]),
        lambda: merkle.root(["text"]),
        lambda: merkle.root(np.zeros((2, 2), dtype=np.int64)),
        lambda: merkle.root(np.zeros((4, 4), dtype=np.uint8)[:, ::2]),
        lambda: Tree(None, 7),
        lambda: Tree().push(None),
        lambda: Tree().push(memoryview(b"abcdef")[::2]),
        lambda: Tree([b"a"]).prove("0"),
        lambda: InclusionProof.from_bytes("text"),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**32, 2**70):
        with pytest.raises(OverflowError):
            Tree([b"a"]).prove(number)
    with pytest.raises(AlgorithmError, match="rows without bytes") as refused:
        merkle.root(np.zeros((2**40, 0), dtype=np.uint8))
    assert refused.value.code == "rows.no-bytes"


@given(st.binary(max_size=200))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    for kind in (InclusionProof, ConsistencyProof, MultiProof):
        with suppress(MerkleError):
            assert kind.from_bytes(data).to_bytes() == data
