"""Holding: time to live, challenges against an independent statement of the chance, records, refusals."""

from __future__ import annotations

import math
import random
from typing import Any

import blake3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, holding
from globelet.algorithms.holding import (
    Answer,
    Challenge,
    Commitment,
    Extension,
    Holder,
    HoldingError,
    HoldingProof,
    Records,
    Request,
    Shard,
)
from globelet.cli import build

pytestmark = pytest.mark.algorithms

VERTEX, ASKER, SEED = b"v" * 32, b"a" * 32, b"h" * 32
LONGEST = 1_000_000


def seed(number: int) -> bytes:
    return blake3.blake3(number.to_bytes(8, "little")).digest()


def holder() -> Holder:
    return Holder(5, SEED, 1 << 20, 8, LONGEST)


def request_for(data: bytes, ttl_us: int = 1_000, piece: int = 16) -> Request:
    return Request.sign(ASKER, VERTEX, 2, Shard(data, piece).commitment, ttl_us)


def root(pieces: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1 over BLAKE3, word for word."""
    if len(pieces) == 1:
        return blake3.blake3(b"\x00" + pieces[0]).digest()
    k = 1 << (len(pieces) - 1).bit_length() - 1
    return blake3.blake3(b"\x01" + root(pieces[:k]) + root(pieces[k:])).digest()


@given(st.binary(max_size=600), st.integers(1, 70))
def test_commitments_are_roots_over_pieces(data: bytes, piece: int) -> None:
    pieces = [data[i : i + piece] for i in range(0, len(data), piece)] or [b""]
    shard = Shard(data, piece)
    made = shard.commitment
    assert (made.root, made.length, made.pieces) == (root(pieces), len(data), len(pieces))
    assert [shard.piece(i) for i in range(len(pieces) + 1)] == [*pieces, b""]
    assert Commitment.from_bytes(made.to_bytes()) == made
    assert len(shard) == len(data)


@given(st.binary(min_size=1, max_size=400), st.integers(1, 40), st.integers(1, 4), st.integers(0, 2**60))
def test_answers_stand_and_changed_ones_do_not(data: bytes, ranges: int, width: int, number: int) -> None:
    shard = Shard(data, 8)
    challenge = Challenge(VERTEX, 2, 5, seed(number), ranges, width, due_us=100)
    assert Challenge.from_bytes(challenge.to_bytes()) == challenge
    answer, key = shard.answer(SEED, challenge), holder().public
    answer.verify(shard.commitment, challenge, key, 100)
    drawn = challenge.pieces(shard.commitment)
    assert drawn == sorted(set(drawn))
    assert answer.pieces == [data[8 * i : 8 * i + 8] for i in drawn]
    assert Answer.from_bytes(answer.to_bytes()) == answer
    with pytest.raises(HoldingError) as late:
        answer.verify(shard.commitment, challenge, key, 101)
    assert late.value.code == "holding.late"
    altered = bytearray(data)
    altered[8 * drawn[0]] ^= 1
    with pytest.raises(HoldingError) as wrong:
        Shard(altered, 8).answer(SEED, challenge).verify(shard.commitment, challenge, key, 1)
    assert wrong.value.code == "holding.wrong-answer"


@given(st.integers(1, 300), st.data())
def test_the_chance_is_that_of_drawing_without_putting_back(pieces: int, data: st.DataObject) -> None:
    lost, ranges = data.draw(st.integers(0, pieces)), data.draw(st.integers(1, pieces))
    escaped = math.comb(pieces - lost, ranges) / math.comb(pieces, ranges)
    assert holding.caught(pieces, lost, ranges) == pytest.approx(1 - escaped, abs=1e-9)
    needed = holding.ranges_needed(pieces, lost, 0.9)
    if needed is not None:
        assert holding.caught(pieces, lost, needed) >= 0.9
        assert needed == 1 or holding.caught(pieces, lost, needed - 1) < 0.9


def test_who_lost_a_part_is_caught_as_often_as_stated() -> None:
    data = bytes(range(256)) * 4
    shard, key = Shard(data, 16), holder().public
    for lost, ranges, width in ((3, 8, 1), (6, 5, 3)):
        altered = Shard(bytes(16 * lost) + data[16 * lost :], 16)
        found, tries = 0, 800
        for number in range(tries):
            challenge = Challenge(VERTEX, 2, 5, seed(number + 1_000 * lost), ranges, width)
            try:
                altered.answer(SEED, challenge).verify(shard.commitment, challenge, key, 0)
            except HoldingError as wrong:
                assert wrong.code == "holding.wrong-answer"  # noqa: PT017
                found += 1
        # A holder without the tree is caught at once; one that kept it, as often as it is asked for what it lost.
        assert found == tries
        stated = holding.caught(64, lost, ranges, width)
        drawn = [Challenge(VERTEX, 2, 5, seed(n), ranges, width).pieces(shard.commitment) for n in range(tries)]
        met = sum(any(piece < lost for piece in pieces) for pieces in drawn)
        assert abs(met - tries * stated) <= 4.5 * math.sqrt(tries * stated * (1 - stated))


def test_no_proof_outlives_its_time_to_live() -> None:
    draw = random.Random(3)
    keeper, data, now = holder(), b"d" * 100, 1_000
    signed: list[HoldingProof] = []
    for _ in range(400):
        now += draw.randrange(300_000)
        span = draw.randrange(1_200_000)
        try:
            if draw.random() < 0.5:
                signed.append(keeper.hold(now, request_for(data, span), data))
            else:
                signed.append(keeper.extend(now, Extension.sign(ASKER, VERTEX, 2, now + span)))
            assert now < signed[-1].until_us <= now + LONGEST
        except HoldingError as refused:
            assert refused.code in ("holding.out-of-time", "holding.not-held")  # noqa: PT017
        for proof in signed[-5:]:
            try:
                proof.verify(keeper.public, VERTEX, now, LONGEST)
                stands = True
            except HoldingError as over:
                assert over.code == "holding.out-of-time"  # noqa: PT017
                stands = False
            assert stands == (proof.until_us > now)
    assert len(signed) > 100
    keeper.expire(now + LONGEST)
    assert (len(keeper), keeper.bytes_held) == (0, 0)


def test_a_holder_acknowledges_extends_answers_and_expires() -> None:
    keeper, data = holder(), bytes(range(100))
    request = request_for(data)
    request.verify()
    assert Request.from_bytes(request.to_bytes()) == request
    proof = keeper.hold(10, request, memoryview(data))
    assert (proof.holder, proof.shard, proof.since_us, proof.until_us) == (5, 2, 10, 1_010)
    assert keeper.hold(500, request, np.frombuffer(data, dtype=np.uint8)) == proof
    assert HoldingProof.from_bytes(bytearray(proof.to_bytes())) == proof
    longer = Extension.sign(ASKER, VERTEX, 2, 5_000)
    assert Extension.from_bytes(longer.to_bytes()) == longer
    assert keeper.extend(1_009, longer).until_us == 5_000
    challenge = Challenge(VERTEX, 2, 5, seed(1), 3)
    keeper.answer(4_999, challenge).verify(Shard(data, 16).commitment, challenge, keeper.public, 4_999)
    assert (len(keeper), keeper.bytes_held) == (1, 100)
    assert keeper.expire(4_999) == []
    assert keeper.expire(5_000) == [(VERTEX, 2)]


def test_records_weigh_failures_more() -> None:
    records, keys = Records(), [seed(n) for n in range(4)]
    assert records.score_ppm(keys[0]) == 500_000
    for _ in range(98):
        for key in keys[:3]:
            records.note(key, "passed")
    records.note(keys[1], "missed")
    records.note(keys[2], "wrong")
    scores = [records.score_ppm(key) for key in keys]
    assert scores == [10**6 * 99 // 100, 10**6 * 99 // 104, 10**6 * 99 // 164, 500_000]
    again = Records.from_bytes(records.to_bytes())
    assert [again.score_ppm(key) for key in keys] == scores
    for _ in range(7):
        again.close_epoch()
    assert len(again) == 0
    assert len(records) == 3


def test_other_threads_run_meanwhile() -> None:
    data = bytes(64 << 20)
    assert turns_while(lambda: Shard(data, 64)) > 1_000


DATA = bytes(range(100))
SHARD = Shard(DATA, 16)
CHALLENGE = Challenge(VERTEX, 2, 5, seed(0), 3)
ONE = Request.sign(ASKER, VERTEX, 2, SHARD.commitment, 500)
OTHER = Request.sign(SEED, VERTEX, 2, SHARD.commitment, 500)
FORGED = Request.from_bytes(ONE.to_bytes()[:-1] + bytes([ONE.to_bytes()[-1] ^ 1]))
REFUSED: list[tuple[str, Any]] = [
    ("holding.malformed", lambda _: Shard(DATA, 0)),
    ("holding.malformed", lambda _: Shard(DATA, 65_537)),
    ("holding.malformed", lambda _: Challenge(VERTEX, 2, 5, seed(0), 0).pieces(SHARD.commitment)),
    ("holding.malformed", lambda _: Challenge(VERTEX, 2, 5, seed(0), 4_096, 2).pieces(SHARD.commitment)),
    ("holding.malformed", lambda _: Commitment.from_bytes(bytes(44))),
    ("holding.malformed", lambda _: Request.from_bytes(ONE.to_bytes() + b"\0")),
    ("holding.malformed", lambda _: Answer.from_bytes(b"\xff" * 90)),
    ("holding.malformed", lambda _: Records.from_bytes(b"\xff" * 4)),
    ("holding.length", lambda _: Challenge(b"", 2, 5, seed(0), 1)),
    ("holding.length", lambda _: Holder(5, b"short", 1, 1, 1)),
    ("holding.length", lambda _: Records().note(b"", "passed")),
    ("holding.unknown-outcome", lambda _: Records().note(seed(0), "slept")),
    ("holding.bad-signature", lambda _: FORGED.verify()),
    ("holding.bad-signature", lambda h: h.hold(0, FORGED, DATA)),
    ("holding.bad-signature", lambda h: h.extend(h.hold(0, ONE, DATA).since_us, Extension.sign(SEED, VERTEX, 2, 9))),
    ("holding.wrong-shard", lambda h: h.hold(0, ONE, DATA[1:])),
    ("holding.wrong-shard", lambda h: h.hold(0, ONE, bytes(100))),
    ("holding.conflict", lambda h: (h.hold(0, ONE, DATA), h.hold(1, OTHER, DATA))),
    ("holding.no-room", lambda _: Holder(5, SEED, 99, 1, LONGEST).hold(0, ONE, DATA)),
    ("holding.out-of-time", lambda h: h.hold(0, request_for(DATA, 0), DATA)),
    ("holding.out-of-time", lambda h: h.hold(0, request_for(DATA, LONGEST + 1), DATA)),
    ("holding.not-held", lambda h: h.answer(0, CHALLENGE)),
    ("holding.not-held", lambda h: h.extend(0, Extension.sign(ASKER, VERTEX, 2, 9))),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(HoldingError) as refused:
        call(holder())
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Shard("text"),
        lambda: Shard(b"", "8"),
        lambda: Shard(memoryview(b"abcdef")[::2]),
        lambda: Challenge(VERTEX, 2, 5, "text", 1),
        lambda: holder().hold(0, "request", b""),
        lambda: Records().note(seed(0), 1),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**16):
        with pytest.raises(OverflowError):
            Challenge(VERTEX, number, 5, seed(0), 1)
    with pytest.raises(OverflowError):
        Shard(b"", 2**32)


@given(st.binary(max_size=200))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    for kind in (Commitment, Request, Extension, HoldingProof, Challenge, Answer, Records):
        try:
            assert kind.from_bytes(data).to_bytes() == data
        except HoldingError as refused:
            assert refused.code == "holding.malformed"  # noqa: PT017


def test_at_the_shell(tmp_path: Any) -> None:
    file, out, key = tmp_path / "shard", tmp_path / "answer", "05" * 32
    file.write_bytes(bytes(range(250)) * 20)

    def run(*words: object) -> Any:
        return CliRunner().invoke(build(), ["algorithm", "holding", *map(str, words)])

    commitment = run("commit", file, "--piece", 64).stdout.strip()
    public = run("answer", file, "--piece", 64, "--seed", "07" * 32, "--key", key, "--out", out).stdout.strip()
    check = ["check", out, "--commitment", commitment, "--public", public]
    assert run(*check, "--seed", "07" * 32).exit_code == 0
    assert run(*check, "--seed", "08" * 32).exit_code == 1
    file.write_bytes(bytes(5_000))
    run("answer", file, "--piece", 64, "--seed", "07" * 32, "--key", key, "--out", out)
    assert "not those of the shard" in run(*check, "--seed", "07" * 32).stdout
    assert run("ranges", 10_000, 100).stdout.strip() == "448"
    assert run("ranges", 2**32 - 1, 1).exit_code == 1
    assert run("caught", 6, 2, "--ranges", 2).stdout.strip() == "0.600000000"
