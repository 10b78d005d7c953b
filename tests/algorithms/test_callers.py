"""Callers that no type keeps out: objects that lie about their length or meddle, and work that keeps others waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from plain.threads import turns_while

from globelet._native import receipts
from globelet.algorithms import (
    AlgorithmError,
    abba,
    clock,
    election,
    erasure,
    filters,
    hotstuff,
    merkle,
    place,
    rendezvous,
    sharding,
    threshold,
)

pytestmark = pytest.mark.algorithms

SEED = bytes(32)
PUBLIC, SHARES = threshold.deal(4, 2, SEED)
SEALED = PUBLIC.encrypt(b"", b"", SEED)
MANY = threshold.deal(5_000, 1, SEED)[0]
LONG = bytes(1 << 26)


class Liar(Sequence[Any]):
    """Nothing, which says that it is more than memory holds."""

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: Any) -> Any:
        raise IndexError(index)


LISTS: dict[str, Callable[[Any], object]] = {
    "abba.conf": lambda liar: abba.conf(2, liar),
    "clock.now_many": lambda liar: clock.Clock(5).now_many(liar),
    "clock.select": clock.select,
    "election.chances": lambda liar: election.chances(liar, 1),
    "election.Committee": lambda liar: election.Committee(0, 0, liar),
    "election.tally": lambda liar: election.Votes(0).tally(liar),
    "election.follow": lambda liar: election.follow(election.Committee(0, 0, [(SEED, 0, SEED)]), liar),
    "erasure.decode": lambda liar: erasure.Codec(2, 3).decode(liar),
    "erasure.decode_proven": lambda liar: erasure.Codec(2, 3).decode_proven(SEED, liar),
    "erasure.restore": lambda liar: erasure.Codec(1, 2).restore({0: b"a"}, liar),
    "merkle.prove_many": lambda liar: merkle.Tree([b"a"]).prove_many(liar),
    "merkle.verify_many": lambda liar: merkle.verify_many(SEED, liar, []),
    "place.refute": lambda liar: place.refute(0.0, 0.0, liar),
    "place.distances_m": lambda liar: place.distances_m((0.0, 0.0), liar, liar),
    "place.EventArea": lambda liar: place.EventArea([liar], 0, 1, 1),
    "place.Calendar": place.Calendar,
    "rendezvous.Sites": rendezvous.Sites,
    "rendezvous.settle": lambda liar: rendezvous.settle(liar, liar),
    "sharding.Books": lambda liar: sharding.Books(1, liar),
    "sharding.audit": sharding.audit,
    "threshold.combine": lambda liar: PUBLIC.combine(b"", SEALED, liar),
    "threshold.combine_coin": lambda liar: PUBLIC.combine_coin(b"", liar),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_sequence_that_lies_about_its_length_is_as_long_as_it_is(name: str) -> None:
    with suppress(AlgorithmError):
        LISTS[name](Liar())


def test_the_rest_of_the_extension_believes_it_no_more() -> None:
    for call in (lambda: receipts.verify("", Liar()), lambda: receipts.carried("", b"", Liar())):
        with pytest.raises(ValueError, match=r"this is no genesis|not a page"):
            call()


class Meddler:
    """A number that empties what it is in when it is read."""

    def __init__(self, box: Any) -> None:
        self.box = box

    def __index__(self) -> int:
        self.box.clear()
        return 0


def test_a_number_that_empties_what_it_is_in_does_no_harm() -> None:
    shards: dict[Any, bytes] = {}
    shards |= {Meddler(shards): b"a", 1: b"b", 2: b"c"}
    with suppress(AlgorithmError):
        erasure.Codec(2, 3).decode(shards)
    here: set[Any] = set()
    here |= {Meddler(here), 1, 2}
    assert abba.Subset(abba.Coin(4, 1, SEED), 0).propose(here)
    assert not shards
    assert not here


@pytest.mark.parametrize("members", [2**40, 2**64, -1])
def test_networks_of_impossible_size_are_refused_before_they_take_memory(members: int) -> None:
    for network in (abba.Network, hotstuff.Network):
        with pytest.raises((AlgorithmError, OverflowError)):
            network(members)
    with pytest.raises(AlgorithmError if members < 0 else OverflowError):
        hotstuff.Network(members, down=[1])


WORK: dict[str, Callable[[], object]] = {
    "threshold: keys of a ceremony": lambda: threshold.Ceremony.generation(
        "encryption", b"", [threshold.TransportKey(SEED).public()] * 5_000, 1
    ),
    "threshold: a key's encoding": MANY.to_bytes,
    "merkle: a long leaf": lambda: merkle.Tree().push(LONG),
    "filters: a long item": lambda: filters.Bloom(9).insert(LONG),
    "filters: a question for one": lambda: LONG in filters.Bloom(9),
}


@pytest.mark.parametrize("name", WORK)
def test_long_work_lets_others_run(name: str) -> None:
    assert turns_while(WORK[name]) > 1_000
