"""Elections: the law of chances stated independently, caps, fairness, votes, evidence, handovers."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, election
from globelet.algorithms.election import (
    Candidate,
    Committee,
    ElectionError,
    Evidence,
    Handover,
    Removals,
    Vote,
    Votes,
)
from globelet.cli import build

pytestmark = pytest.mark.algorithms

WHOLE = 1_000_000


def seed(number: int) -> bytes:
    return number.to_bytes(32, "big")


def key(number: int) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed(number)).public_key().public_bytes_raw()


def sign(number: int, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed(number)).sign(message)


def committee(epoch: int, numbers: list[int]) -> Committee:
    return Committee(3, epoch, [(key(n), n, bytes(32)) for n in numbers])


def water(weights: dict[int, list[int]], seats: int, limit: int) -> dict[tuple[int, int], Fraction]:
    """The definition: λ·weight, at most 1 each, at most `limit` a place, in exact fractions, by place and number."""

    def fill(items: list[tuple[tuple[int, int], int]], total: Fraction) -> dict[tuple[int, int], Fraction]:
        found: dict[tuple[int, int], Fraction] = {}
        while items:
            rate = total / sum(w for _, w in items)
            full = [item for item in items if item[1] * rate >= 1]
            if not full:
                return found | {name: w * rate for name, w in items}
            found |= {name: Fraction(1) for name, _ in full}
            total -= len(full)
            items = [item for item in items if item not in full]
        return found

    items = {p: [((p, i), w) for i, w in enumerate(ws) if w] for p, ws in weights.items()}
    found: dict[tuple[int, int], Fraction] = {}
    left = Fraction(seats)
    while items:
        shares = fill([item for place in items.values() for item in place], left)
        over = [p for p in items if sum(shares[name] for name, _ in items[p]) > limit]
        if not over:
            return found | shares
        for place in over:
            found |= fill(items.pop(place), Fraction(limit))
            left -= limit
    return found


FIELD = st.dictionaries(st.integers(0, 5), st.lists(st.integers(0, 10**12), min_size=1, max_size=6), min_size=1)


@settings(max_examples=200, deadline=None)
@given(FIELD, st.integers(1, 8), st.integers(1, 8))
def test_chances_are_those_of_the_definition(weights: dict[int, list[int]], seats: int, limit: int) -> None:
    limit = min(limit, seats)
    share = -(-limit * WHOLE // seats)
    field = {p * 100 + i: Candidate(seed(p * 100 + i), p, w) for p, ws in weights.items() for i, w in enumerate(ws)}
    fillable = sum(min(limit, sum(w > 0 for w in ws)) for ws in weights.values())
    if fillable < seats:
        with pytest.raises(ElectionError) as refused:
            election.chances(list(field.values()), seats, share)
        assert refused.value.code == "election.unfillable"
        return
    expected = water(weights, seats, limit)
    found = dict(election.chances(list(field.values()), seats, share))
    assert sum(found.values()) == pytest.approx(seats, abs=1e-9)
    assert len(found) == len(expected)
    for (place, number), chance in expected.items():
        assert found[seed(place * 100 + number)] == pytest.approx(float(chance), abs=1e-9)
    elected = election.elect(seed(7), list(reversed(field.values())), seats, share)
    assert elected == election.elect(seed(7), list(field.values()), seats, share)
    assert len(set(elected)) == seats
    places = [int.from_bytes(k, "big") // 100 for k in elected]
    assert all(places.count(p) <= limit for p in places)


def test_everybody_serves_as_often_as_its_chance() -> None:
    field = [Candidate(key(n), n % 5, 100 + 37 * n) for n in range(20)]
    chances = dict(election.chances(field, 6, 400_000))
    epochs, served = 3_000, dict.fromkeys(chances, 0)
    for epoch in range(epochs):
        for member in election.elect(seed(epoch), field, 6, 400_000):
            served[member] += 1
    for member, chance in chances.items():
        deviation = (epochs * chance * (1 - chance)) ** 0.5
        assert abs(served[member] - epochs * chance) <= 4.5 * deviation + 1e-9


def test_stake_follows_votes_and_loans() -> None:
    votes = Votes(3)
    votes.cast(Vote.sign(seed(1), 3, 1, candidate=b"A" * 32))
    votes.cast(Vote.sign(seed(2), 3, 1, delegate=key(1)))
    votes.cast(Vote.sign(seed(3), 3, 1, delegate=key(3)))
    votes.cast(Vote.sign(seed(4), 3, 1))
    assert len(votes) == 4
    stakes = [(key(n), 10**n) for n in range(1, 6)]
    assert votes.tally(stakes) == ([(b"A" * 32, 110)], 111_000)
    moved = Vote.sign(seed(1), 3, 2, candidate=b"B" * 32)
    assert (moved.voter, moved.sequence) == (key(1), 2)
    assert Vote.from_bytes(memoryview(moved.to_bytes())) == moved
    votes.cast(moved)
    assert votes.tally([(np.frombuffer(key(2), dtype=np.uint8), 7)]) == ([(b"B" * 32, 7)], 0)


def test_handovers_are_followed_and_forged_ones_are_not() -> None:
    epochs = [committee(n, list(range(n, n + 4))) for n in range(4)]
    handovers = []
    for old, new in pairwise(epochs):
        handover = Handover(old, new)
        for number in range(old.epoch, old.epoch + 3):
            handover.sign(old, seed(number))
        handover.verify(old)
        assert Handover.from_bytes(handover.to_bytes()) == handover
        handovers.append(handover)
    assert election.follow(epochs[0], handovers) == epochs[3]
    assert (epochs[0].quorum, epochs[0].faults, len(handovers[0].signers)) == (3, 1, 3)
    for broken in ([handovers[1]], [handovers[0], handovers[2]], handovers[::-1]):
        with pytest.raises(ElectionError) as refused:
            election.follow(epochs[0], broken)
        assert refused.value.code == "election.broken-handover"
    raw = bytearray(handovers[0].to_bytes())
    raw[-1] ^= 1
    with pytest.raises(ElectionError, match="does not stand"):
        Handover.from_bytes(raw).verify(epochs[0])


def test_who_contradicts_itself_is_never_elected_again() -> None:
    old = committee(0, [1, 2, 3, 4])
    blocks = (bytes(32), b"\x01" * 32)
    signatures = tuple(sign(2, election.vote_bytes(3, 9, block)) for block in blocks)
    evidence = Evidence.votes(key(2), 3, 9, blocks, (signatures[0], signatures[1]))
    evidence.verify()
    removals = Removals()
    assert removals.remove(old, Evidence.from_bytes(evidence.to_bytes())) is True
    assert removals.remove(old, evidence) is False
    assert (removals.bars(key(2)), removals.bars(key(1))) == (True, False)
    assert removals.evidence(key(2)) == evidence
    field = [Candidate(key(n), 0, 1) for n in (1, 2, 3, 4)]
    assert key(2) not in election.elect(seed(0), field, 3, removals=removals)
    new = (committee(1, [1]).hash(), committee(1, [2]).hash())
    ordered = (min(new), max(new))
    both = [sign(4, election.handover_bytes(3, 1, old.hash(), h)) for h in ordered]
    removals.remove(old, Evidence.handovers(key(4), 3, 1, old.hash(), ordered, (both[0], both[1])))
    assert removals.bars(key(4))


def test_other_threads_run_meanwhile() -> None:
    field = [Candidate(seed(n), n % 97, 1 + n) for n in range(20_000)]

    def work() -> None:
        for number in range(20):
            election.elect(seed(number), field, 100, 50_000)

    assert turns_while(work) > 1_000


FIELD_OF_TWO = [Candidate(seed(n), n, 5) for n in range(2)]
OLD = committee(0, [1, 2, 3, 4])
REFUSED: list[tuple[str, Any]] = [
    ("election.length", lambda: Candidate(b"short", 0, 1)),
    ("election.length", lambda: election.elect(b"", FIELD_OF_TWO, 1)),
    ("election.length", lambda: Evidence.votes(key(1), 0, 0, (b"", b""), (b"", b""))),
    ("election.bad-rules", lambda: election.chances(FIELD_OF_TWO, 0)),
    ("election.bad-rules", lambda: election.chances(FIELD_OF_TWO, 1025)),
    ("election.bad-rules", lambda: election.chances(FIELD_OF_TWO, 1, 999_999)),
    ("election.bad-candidate", lambda: election.chances([FIELD_OF_TWO[0]] * 2, 1)),
    ("election.bad-candidate", lambda: election.chances([Candidate(seed(1), 0, 1, WHOLE + 1)], 1)),
    ("election.unfillable", lambda: election.chances([], 1)),
    ("election.unfillable", lambda: election.chances(FIELD_OF_TWO, 3)),
    ("election.two-choices", lambda: Vote.sign(seed(1), 0, 0, key(1), key(2))),
    ("election.malformed", lambda: Votes(4).cast(Vote.sign(seed(1), 3, 1))),
    ("election.malformed", lambda: Vote.from_bytes(b"")),
    ("election.malformed", lambda: Vote.from_bytes(Vote.sign(seed(1), 3, 1).to_bytes() + b"\0")),
    ("election.malformed", lambda: Committee(0, 0, [])),
    ("election.malformed", lambda: Committee.from_bytes(OLD.to_bytes()[:-1])),
    ("election.malformed", lambda: Evidence.from_bytes(b"\xff" * 600)),
    ("election.stake-overflow", lambda: Votes(0).tally([(key(1), 2**63), (key(2), 2**63)])),
    ("election.broken-handover", lambda: Handover(OLD, committee(2, [1]))),
    ("election.broken-handover", lambda: Handover(OLD, committee(1, [1])).sign(OLD, seed(9))),
    ("election.no-evidence", lambda: Evidence.votes(key(1), 0, 0, (seed(1),) * 2, (bytes(64),) * 2).verify()),
    ("election.bad-signature", lambda: Evidence.votes(key(1), 0, 0, (seed(1), seed(2)), (bytes(64),) * 2).verify()),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(ElectionError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Candidate("text", 0, 1),
        lambda: Candidate(seed(0), "0", 1),
        lambda: election.elect(seed(0), [seed(1)], 1),
        lambda: Votes(0).tally({key(1): 1}),
        lambda: Committee(0, 0, [key(1)]),
        lambda: Vote.from_bytes("text"),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**64):
        with pytest.raises(OverflowError):
            Candidate(seed(0), 0, number)
    with pytest.raises(OverflowError):
        election.elect(seed(0), [], 2**16)


@given(st.binary(max_size=300))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    for kind in (Vote, Committee, Handover, Evidence):
        try:
            assert kind.from_bytes(data).to_bytes() == data
        except ElectionError as refused:
            assert refused.code == "election.malformed"  # noqa: PT017


def test_at_the_shell(tmp_path: Any) -> None:
    file = tmp_path / "candidates.csv"
    file.write_text("anna,tokyo,900\nben,tokyo,800\nemil,paris,300\n\ngus,seoul,40,500000\n")
    words = [
        "algorithm",
        "election",
        "elect",
        str(file),
        "--seats",
        "3",
        "--place-share",
        "333334",
        "--seed",
        "07" * 32,
    ]
    done = CliRunner().invoke(build(), words)
    assert done.exit_code == 0, done.output
    assert set(done.stdout.split()) in ({"anna", "emil", "gus"}, {"ben", "emil", "gus"})
    again = CliRunner().invoke(build(), [*words, "--json"])
    assert sorted(entry["name"] for entry in json.loads(again.stdout)["elected"]) == done.stdout.split()
    file.write_text("anna,tokyo\n")
    wrong = CliRunner().invoke(build(), words)
    assert (wrong.exit_code, "line 1" in wrong.stderr) == (2, True)
    old, new = committee(0, [1, 2, 3, 4]), committee(1, [5])
    handover = Handover(old, new)
    for number in (1, 2, 3):
        handover.sign(old, seed(number))
    (tmp_path / "genesis").write_bytes(old.to_bytes())
    (tmp_path / "first").write_bytes(handover.to_bytes())
    words = ["algorithm", "election", "follow", str(tmp_path / "genesis"), str(tmp_path / "first"), "--json"]
    assert json.loads(CliRunner().invoke(build(), words).stdout)["hash"] == new.hash().hex()
