"""`globelet.algorithms.erasure` against the definition of the code written out in Python, and against wrong input."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while

from globelet.algorithms import AlgorithmError, erasure, merkle
from globelet.algorithms.erasure import Codec, Commitment, Decoder, Encoder, ErasureError, Manifest

pytestmark = pytest.mark.algorithms

PAYLOAD = b"1250 from tokyo to paris"


def product(a: int, b: int) -> int:
    """In GF(2^8) with 0x11d, by shifts."""
    found = 0
    while b:
        found ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return found


TABLE = [[product(a, b) for b in range(256)] for a in range(256)]
INVERSE = [0] + [TABLE[a].index(1) for a in range(1, 256)]


def by_definition(k: int, n: int, payload: bytes) -> list[bytes]:
    frame = len(payload).to_bytes(4, "little") + payload
    size = -(-len(frame) // k)
    frame = frame.ljust(size * k, b"\0")
    data = [frame[i * size : (i + 1) * size] for i in range(k)]
    parity = []
    for x in range(k, n):
        shard = bytearray(size)
        for y, part in enumerate(data):
            times = TABLE[INVERSE[x ^ y]]
            shard = bytearray(s ^ times[byte] for s, byte in zip(shard, part, strict=True))
        parity.append(bytes(shard))
    return [*data, *parity]


SHAPES = st.integers(1, 12).flatmap(lambda k: st.tuples(st.just(k), st.integers(k, k + 12)))


@given(SHAPES, st.binary(max_size=300), st.data())
@settings(max_examples=60)
def test_shards_are_those_of_the_definition_and_any_k_rebuild(
    shape: tuple[int, int], payload: bytes, data: st.DataObject
) -> None:
    k, n = shape
    codec = Codec(k, n)
    shards = codec.encode(payload)
    assert shards == by_definition(k, n, payload)
    assert codec.parity(shards[:k]) == shards[k:]
    assert {len(shard) for shard in shards} == {codec.shard_len(len(payload))}
    kept = data.draw(st.permutations(range(n)))[:k]
    some = {index: shards[index] for index in kept}
    assert codec.decode(some) == codec.decode(list(some.items())) == payload
    assert codec.decode_committed(Commitment(shards).root, some) == payload
    assert codec.restore(some, list(range(n))) == shards
    with pytest.raises(ErasureError, match="fetch 1 more"):
        codec.decode({index: shards[index] for index in kept[1:]})


@pytest.mark.parametrize("payload", [b"", b"\0", PAYLOAD])
def test_every_pattern_of_four_of_seven(payload: bytes) -> None:
    codec = Codec(4, 7)
    shards = codec.encode(payload)
    for kept in combinations(range(7), 4):
        assert codec.decode({index: shards[index] for index in kept}) == payload


@pytest.mark.parametrize(("k", "n"), [(254, 255), (100, 255), (100, 256), (300, 1000), (20_000, 30_000)])
def test_large_shapes(k: int, n: int) -> None:
    codec, payload = Codec(k, n), np.arange(50_000, dtype=np.uint32).tobytes()
    shards = codec.encode(payload)
    assert codec.decode(dict(list(enumerate(shards))[-k:])) == payload
    assert (codec.k, codec.n, len(shards), repr(codec)) == (k, n, n, f"Codec({k}, {n})")


@given(SHAPES, st.integers(0, 200), st.data())
@settings(max_examples=60)
def test_a_flipped_bit_is_named_and_not_decoded(shape: tuple[int, int], size: int, data: st.DataObject) -> None:
    k, n = shape
    codec, payload = Codec(k, n), bytes(range(size))
    shards = codec.encode(payload)
    made = Commitment(shards)
    proofs = [made.prove(index) for index in range(n)]
    victim = data.draw(st.integers(0, n - 1))
    bit = data.draw(st.integers(0, len(shards[0]) * 8 - 1))
    spoiled = bytearray(shards[victim])
    spoiled[bit // 8] ^= 1 << bit % 8
    given = [*shards[:victim], bytes(spoiled), *shards[victim + 1 :]]
    assert erasure.verify_many(made.root, proofs, given) == [index != victim for index in range(n)]
    assert not erasure.verify(made.root, proofs[victim], given[victim])
    if n > k:
        assert codec.decode_proven(made.root, list(zip(proofs, given, strict=True))) == (payload, [victim])
    else:
        with pytest.raises(ErasureError, match=f"shards {victim} are not what was committed to"):
            codec.decode_proven(made.root, list(zip(proofs, given, strict=True)))


def test_proofs_are_those_of_the_crate_merkle() -> None:
    shards = Codec(4, 7).encode(PAYLOAD)
    made, tree = Commitment(shards), merkle.Tree(shards)
    assert (made.root, len(made)) == (tree.root(), 7)
    for index, shard in enumerate(shards):
        assert made.prove(index) == tree.prove(index).to_bytes()
        assert merkle.InclusionProof.from_bytes(made.prove(index)).verify(made.root, shard)


def streamed(k: int, n: int, stripe: int, parts: list[bytes]) -> tuple[list[list[bytes]], Manifest]:
    encoder = Encoder(k, n, stripe)
    stripes = [pieces for part in parts for pieces in encoder.push(part)]
    last, manifest = encoder.finish()
    return stripes + last, manifest


@given(st.lists(st.binary(max_size=90), max_size=6), st.integers(1, 70), st.integers(0, 6))
@settings(max_examples=60)
def test_streams_rebuild_stripe_by_stripe(parts: list[bytes], stripe: int, start: int) -> None:
    stripes, manifest = streamed(3, 7, stripe, parts)
    payload = b"".join(parts)
    assert streamed(3, 7, stripe, [payload]) == (stripes, manifest)
    assert (manifest.k, manifest.n, manifest.stripe, manifest.length) == (3, 7, stripe, len(payload))
    assert len(manifest) == len(manifest.roots) == len(stripes) == max(1, -(-len(payload) // stripe))
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    kept = [(start + i) % 7 for i in range(4)]
    for decoder in (Decoder(manifest), Decoder(manifest, trusting=True)):
        opened = [decoder.open(number, {i: pieces[i] for i in kept}) for number, pieces in enumerate(stripes)]
        assert b"".join(part for part, _ in opened) == payload
        spoiled = {i: stripes[0][i] for i in kept} | {kept[0]: b"?" + stripes[0][kept[0]][1:]}
        if spoiled[kept[0]] != stripes[0][kept[0]]:
            assert decoder.open(0, spoiled) == (opened[0][0], [kept[0]])
    for index, piece in enumerate(stripes[-1]):
        assert manifest.verify(len(manifest) - 1, index, piece)
        assert len(piece) == manifest.piece_len(len(manifest) - 1, index)
    assert manifest.payload_len(len(manifest) - 1) == len(payload) - (len(manifest) - 1) * stripe


def test_buffers_of_every_kind_are_read_where_they_lie() -> None:
    codec, rows = Codec(4, 7), np.arange(96, dtype=np.uint8).reshape(4, 24)
    plain = codec.encode(rows.tobytes())
    for kind in (bytearray, memoryview, lambda data: np.frombuffer(data, dtype=np.uint8)):
        assert codec.encode(kind(rows.tobytes())) == plain
        assert codec.decode({index: kind(plain[index]) for index in (0, 4, 5, 6)}) == rows.tobytes()
    assert codec.parity(rows) == codec.parity([row.tobytes() for row in rows])
    assert codec.encode_many(rows) == [codec.encode(row.tobytes()) for row in rows]
    assert Commitment(rows).root == Commitment([row.tobytes() for row in rows]).root
    encoder = Encoder(2, 3, 8)
    assert encoder.push(np.arange(8, dtype=np.uint8)) == streamed(2, 3, 8, [bytes(range(8))])[0]


def test_other_threads_run_meanwhile() -> None:
    """Ten megabytes are encoded while another thread counts: with the lock held, it could not."""
    payload, codec = np.zeros(10 << 20, dtype=np.uint8), Codec(100, 200)
    assert turns_while(lambda: codec.encode(payload)) > 1_000


SHARDS = Codec(2, 4).encode(b"ten bytes!")
MADE = Commitment(SHARDS)
PROOFS = [MADE.prove(index) for index in range(4)]
PIECES, MANIFEST = streamed(2, 4, 16, [b"ten bytes!"])
LIES = Codec(2, 4).encode(b"pay alice")[:2] + Codec(2, 4).encode(b"pay mallo")[2:]

REFUSED: list[tuple[str, Any]] = [
    ("erasure.shape", lambda: Codec(0, 3)),
    ("erasure.shape", lambda: Codec(4, 3)),
    ("erasure.shape", lambda: Codec(256, 256)),
    ("erasure.shape", lambda: Codec(1, 65_536)),
    ("erasure.shape", lambda: Codec(2**63, 2**64 - 1)),
    ("erasure.shape", lambda: Encoder(3, 2)),
    ("erasure.too-few", lambda: Codec(2, 4).decode({})),
    ("erasure.too-few", lambda: Codec(2, 4).decode([(0, SHARDS[0]), (0, SHARDS[0])])),
    ("erasure.no-such-shard", lambda: Codec(2, 4).decode({4: SHARDS[0]})),
    ("erasure.no-such-shard", lambda: Codec(2, 4).restore({0: SHARDS[0], 1: SHARDS[1]}, [4])),
    ("erasure.no-such-shard", lambda: MADE.prove(4)),
    ("erasure.no-such-shard", lambda: Commitment([]).prove(0)),
    ("erasure.conflict", lambda: Codec(2, 4).decode([(0, SHARDS[0]), (0, SHARDS[1])])),
    ("erasure.length", lambda: Codec(2, 4).decode({0: SHARDS[0], 1: SHARDS[1][1:]})),
    ("erasure.length", lambda: Codec(2, 4).decode({0: b"", 1: b""})),
    ("erasure.length", lambda: Codec(2, 256).decode({0: b"odd", 1: b"odd"})),
    ("erasure.length", lambda: Codec(2, 4).parity([b"", b""])),
    ("erasure.frame", lambda: Codec(2, 4).decode({0: b"\xff" * 7, 1: SHARDS[1]})),
    ("erasure.frame", lambda: Codec(2, 4).decode({0: b"\0", 1: b"\0"})),
    ("erasure.count", lambda: Codec(2, 4).parity([b"a"])),
    ("erasure.too-long", lambda: Codec(2, 4).encode(np.zeros(2**32, dtype=np.uint8))),
    ("erasure.inconsistent", lambda: Codec(2, 4).decode_committed(Commitment(LIES).root, {0: LIES[0], 1: LIES[1]})),
    ("erasure.root-length", lambda: Codec(2, 4).decode_committed(b"short", {0: SHARDS[0]})),
    ("erasure.wrong-shards", lambda: Codec(2, 4).decode_proven(MADE.root, [(PROOFS[0], b"x")])),
    ("erasure.proof", lambda: Codec(2, 4).decode_proven(MADE.root, [(b"", SHARDS[0])])),
    ("erasure.proof", lambda: erasure.verify(MADE.root, PROOFS[0][:-1], SHARDS[0])),
    ("erasure.root-length", lambda: erasure.verify(b"", PROOFS[0], SHARDS[0])),
    ("erasure.one-proof-each", lambda: erasure.verify_many(MADE.root, [], SHARDS)),
    ("erasure.stripe", lambda: Encoder(2, 3, 0)),
    ("erasure.stripe", lambda: Encoder(2, 3, erasure.MAX_STRIPE + 1)),
    ("erasure.manifest", lambda: Manifest.from_bytes(b"")),
    ("erasure.manifest", lambda: Manifest.from_bytes(MANIFEST.to_bytes() + bytes(32))),
    ("erasure.manifest", lambda: Manifest.from_bytes(MANIFEST.to_bytes()[:-1])),
    ("erasure.stripe", lambda: Manifest.from_bytes(MANIFEST.to_bytes()[:8] + bytes(44))),
    ("erasure.no-such-stripe", lambda: Decoder(MANIFEST).open(1, {})),
    ("erasure.no-such-stripe", lambda: MANIFEST.piece_len(1, 0)),
    ("erasure.no-such-shard", lambda: MANIFEST.verify(0, 4, PIECES[0][0])),
    ("erasure.too-few", lambda: Decoder(MANIFEST).open(0, {3: PIECES[0][3]})),
    ("erasure.wrong-shards", lambda: Decoder(MANIFEST).open(0, {3: PIECES[0][3], 2: b""})),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(ErasureError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize("wrong", ["text", None, 7, 1.5, [1]])
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    codec = Codec(2, 4)
    for call in (
        lambda: codec.encode(wrong),
        lambda: codec.encode_many(wrong),
        lambda: codec.decode({0: wrong}),
        lambda: codec.decode(wrong),
        lambda: codec.decode_proven(MADE.root, [(wrong, b"")]),
        lambda: Commitment(wrong),
        lambda: Manifest.from_bytes(wrong),
        lambda: Decoder(wrong),
        lambda: Encoder(2, 3).push(wrong),
        lambda: erasure.verify(MADE.root, PROOFS[0], wrong),
    ):
        with pytest.raises(TypeError):
            call()


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**70):
        with pytest.raises(OverflowError):
            Codec(number, 4)
        with pytest.raises(OverflowError):
            Codec(2, 4).decode({number: b"a"})
        with pytest.raises(OverflowError):
            MADE.prove(number)


def test_an_encoder_that_has_finished_says_so() -> None:
    encoder = Encoder(2, 3)
    encoder.finish()
    for call in (encoder.finish, lambda: encoder.push(b"more")):
        with pytest.raises(ErasureError, match="make another one") as refused:
            call()
        assert refused.value.code == "erasure.finished"


@given(st.binary(max_size=200))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    with suppress(ErasureError):
        assert Manifest.from_bytes(data).to_bytes() == data
    with suppress(ErasureError):
        erasure.verify(MADE.root, data, b"")
    with suppress(ErasureError):
        Decoder(MANIFEST).open(0, {0: data, 1: data, 2: data})
