"""Binary agreement: driven by hand, under schedulers and liars written here; the common subset; refusals."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, abba
from globelet.algorithms.abba import Abba, AbbaError, Coin, Network, Subset
from globelet.cli import build

pytestmark = pytest.mark.algorithms

COIN = Coin(4, 1, bytes(32))


def hostile(draw: random.Random, coin: Coin, liar: int, round_: int) -> bytes:
    """Anything that a liar could say and that decodes."""
    value = draw.random() < 0.5
    return draw.choice(
        [
            lambda: abba.bval(round_, value),
            lambda: abba.bval(0, value, own=True),
            lambda: abba.aux(round_, value),
            lambda: abba.conf(max(round_, 2), draw.choice([[True], [False], [True, False]])),
            lambda: coin.share(liar, max(round_, 2)),
            lambda: coin.share(liar, max(round_, 2), name=b"another"),
            lambda: abba.term(value),
        ]
    )()


def play(n: int, seed: int, inputs: list[bool], lies: int) -> list[Abba]:
    """Honest members and f liars under a scheduler that delivers in random order; all that was said arrives."""
    draw, f = random.Random(seed), (n - 1) // 3
    coin = Coin(n, f, seed.to_bytes(32, "little"))
    members = [Abba(coin, me) for me in range(n - f)]
    flying: list[tuple[int, int, bytes]] = []

    def say(me: int, said: list[bytes]) -> None:
        flying.extend((me, to, one) for to in range(n - f) if to != me for one in said)

    for me, member in enumerate(members):
        say(me, member.propose(inputs[me]))
    while True:
        if not flying:
            for me, member in enumerate(members):
                say(me, member.hurry())
            if not flying:
                return members
        if lies and draw.random() < 0.5:
            lies -= 1
            liar, to = draw.randrange(n - f, n), draw.randrange(n - f)
            flying.append((liar, to, hostile(draw, coin, liar, draw.choice(members).round)))
        sender, to, said = flying.pop(draw.randrange(len(flying)))
        say(to, members[to].handle(sender, said))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([4, 7, 10]), st.integers(0, 2**32), st.integers(0, 2**10), st.sampled_from([0, 150]))
def test_all_agree_on_what_an_honest_member_put_in(n: int, seed: int, bits: int, lies: int) -> None:
    honest = n - (n - 1) // 3
    inputs = [bits >> me & 1 == 1 for me in range(honest)]
    members = play(n, seed, inputs, lies)
    decided = {member.decided for member in members}
    assert len(decided) == 1
    assert decided <= set(inputs)
    assert all(member.quiet or member.shares == 0 for member in members)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([4, 7, 10]), st.integers(0, 2**32), st.sampled_from(["silent", "two-faced"]))
def test_networks_agree_and_repeat(n: int, seed: int, liars: Any) -> None:
    one, two = (Network(n, (n - 1) // 3, seed, liars=liars) for _ in range(2))
    one.run()
    two.run()
    assert len({outcome.decided for outcome in one.outcomes}) == 1
    assert one.outcomes[0].decided is not None
    assert one.outcomes[0].decided in {outcome.input for outcome in one.outcomes}
    assert (one.outcomes, one.delivered) == (two.outcomes, two.delivered)


@pytest.mark.parametrize(
    ("faulty", "value", "delays", "rounds"), [(0, True, 1, 0), (0, False, 1, 0), (1, True, 2, 0), (1, False, 4, 1)]
)
def test_message_delays_of_equal_inputs(faulty: int, value: bool, delays: int, rounds: int) -> None:
    network = Network(4, faulty, inputs=[value] * 4)
    network.run()
    assert {(o.decided, o.delays, o.round) for o in network.outcomes} == {(value, delays, rounds)}
    assert all(member.shares == 0 for member in network.honest), "the usual case sends no coin share"
    if not faulty:
        assert network.delivered == 12, "one message from each to each"


def test_a_common_subset_is_the_same_everywhere() -> None:
    for seed in range(20):
        draw = random.Random(seed)
        coin = Coin(4, 1, seed.to_bytes(32, "little"))
        members = [Subset(coin, me, name=b"block") for me in range(3)]
        values = [(None, to, proposer, b"") for to in range(3) for proposer in range(3)]
        flying: list[tuple[int | None, int, int, bytes]] = [*values]
        while True:
            if not flying:
                for me, member in enumerate(members):
                    flying += [(me, to, at, said) for at, said in member.hurry() for to in range(3) if to != me]
                if not flying:
                    break
            sender, to, proposer, said = flying.pop(draw.randrange(len(flying)))
            member = members[to]
            more = member.deliver(proposer) if sender is None else member.handle(sender, proposer, said)
            flying += [(to, other, at, one) for at, one in more for other in range(3) if other != to]
        assert [member.chosen for member in members] == [[0, 1, 2]] * 3, "the silent member's value came to nobody"
        assert members[0].decided(3) is False


def test_candidates_that_some_have_are_chosen_alike_and_those_that_all_have_are_in() -> None:
    for seed in range(20):
        draw = random.Random(seed)
        coin = Coin(4, 1, seed.to_bytes(32, "little"))
        here = [{0, *(at for at in range(1, 8) if draw.random() < 0.6)} for _ in range(3)]
        members = [Subset(coin, me, name=b"block", candidates=9) for me in range(3)]
        flying = [
            (me, to, at, said) for me in range(3) for at, said in members[me].propose(here[me]) for to in range(3)
        ]
        while True:
            if not flying:
                flying = [(me, to, at, said) for me in range(3) for at, said in members[me].hurry() for to in range(3)]
                if not flying:
                    break
            sender, to, at, said = flying.pop(draw.randrange(len(flying)))
            if to != sender:
                flying += [
                    (to, other, at, one) for at, one in members[to].handle(sender, at, said) for other in range(3)
                ]
        chosen = members[0].chosen
        assert chosen is not None
        assert [member.chosen for member in members] == [chosen] * 3
        assert set.intersection(*here) <= set(chosen) <= set.union(*here)
        assert members[0].decided(8) is False


def test_a_member_that_waits_for_three_says_no_to_the_rest_then() -> None:
    member = Subset(Coin(1, 0, bytes(32)), 0, candidates=5, enough=3)
    assert [at for at, _ in member.deliver(4)] == [4]
    assert [at for at, _ in member.deliver(1)] == [1]
    assert member.chosen is None
    assert sorted(at for at, _ in member.deliver(0)) == [0, 2, 3]
    assert member.chosen == [0, 1, 4]
    assert member.deliver(2) == member.propose({2, 3}) == []


def test_any_f_plus_1_shares_show_the_same_coin() -> None:
    coins = {COIN.draw(round_, name=b"a", instance=at) for round_ in range(2, 12) for at in range(3)}
    assert coins == {False, True}
    assert (COIN.draw(0), COIN.draw(1)) == abba.FIXED == (True, False)
    assert COIN.draw(5) == Coin(4, 1, bytes(32)).draw(5)


def test_messages_say_what_they_are() -> None:
    cases = [
        (abba.bval(0, True, own=True), "input", 0, [True]),
        (abba.bval(3, False), "bval", 3, [False]),
        (abba.aux(1, True), "aux", 1, [True]),
        (abba.conf(2, [True, False]), "conf", 2, [False, True]),
        (COIN.share(3, 7), "coin", 7, []),
        (abba.term(False), "term", 0, [False]),
    ]
    for data, kind, round_, values in cases:
        assert abba.message(data) == {"kind": kind, "round": round_, "values": values}


def test_buffers_of_every_kind_are_taken() -> None:
    said = abba.bval(0, True, own=True)
    for data in (said, bytearray(said), memoryview(said), np.frombuffer(said, dtype=np.uint8)):
        member = Abba(COIN, 0, name=memoryview(b"name"))
        assert member.proposed is False
        member.handle(1, data)
        member.propose(True)
        assert (member.proposed, member.round) == (True, 0)


def test_other_threads_run_meanwhile() -> None:
    assert turns_while(lambda: Coin(256, 85, bytes(32))) > 100


REFUSED: list[tuple[str, Any]] = [
    ("abba.committee", lambda: Coin(3, 1, bytes(32))),
    ("abba.committee", lambda: Coin(0, 0, bytes(32))),
    ("abba.committee", lambda: Coin(65_535, 21_844, bytes(32))),
    ("abba.length", lambda: Coin(4, 1, b"")),
    ("abba.length", lambda: Coin(4, 1, bytes(33))),
    ("abba.no-such-member", lambda: Abba(COIN, 4)),
    ("abba.no-such-member", lambda: Subset(COIN, 4)),
    ("abba.no-such-member", lambda: Abba(COIN, 0).handle(4, abba.term(True))),
    ("abba.no-such-member", lambda: Subset(COIN, 0).handle(1, 4, abba.term(True))),
    ("abba.no-such-member", lambda: Subset(COIN, 0).deliver(4)),
    ("abba.no-such-member", lambda: Subset(COIN, 0).decided(4)),
    ("abba.no-such-member", lambda: Subset(COIN, 0).propose({1, 4})),
    ("abba.no-such-member", lambda: Subset(COIN, 0, candidates=0).deliver(0)),
    ("abba.no-such-member", lambda: COIN.share(4, 2)),
    ("abba.fixed-coin", lambda: COIN.share(0, 1)),
    ("abba.malformed", lambda: Abba(COIN, 0).handle(1, b"")),
    ("abba.malformed", lambda: Abba(COIN, 0).handle(1, abba.term(True) + b"\0")),
    ("abba.malformed", lambda: Abba(COIN, 0).handle(1, abba.term(True)[:1])),
    ("abba.malformed", lambda: abba.message(bytes(1_000_000))),
    ("abba.malformed", lambda: abba.bval(1, True, own=True)),
    ("abba.malformed", lambda: abba.conf(2, [])),
    ("abba.malformed", lambda: abba.conf(0, [True])),
    ("abba.malformed", lambda: abba.message(COIN.share(0, 2)[:-1] + b"\xff")),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(AbbaError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Coin("4", 1, bytes(32)),
        lambda: Abba(COIN, 0, name="text"),
        lambda: Abba(None, 0),
        lambda: Abba(COIN, 0).propose(1),
        lambda: Abba(COIN, 0).handle(1, "text"),
        lambda: Subset(COIN, 0).deliver(None),
        lambda: Subset(COIN, 0).propose([0]),
        lambda: abba.conf(2, [1]),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for call in (lambda: Coin(-1, 0, bytes(32)), lambda: Abba(COIN, 2**16), lambda: abba.aux(2**32, True)):
        with pytest.raises(OverflowError):
            call()
    for faulty in (-1, 2):
        with pytest.raises(AbbaError, match="borne") as refused:
            Network(4, faulty)
        assert refused.value.code == "abba.committee"
    with pytest.raises(AbbaError, match="inputs") as refused:
        Network(4, inputs=[True])
    assert refused.value.code == "abba.inputs"


@given(st.binary(max_size=200), st.integers(0, 3))
def test_a_member_takes_any_bytes_without_harm(data: bytes, sender: int) -> None:
    member = Abba(COIN, 0)
    member.propose(True)
    try:
        member.handle(sender, data)
    except AbbaError as refused:
        assert refused.code == "abba.malformed"  # noqa: PT017
    assert member.decided is None, "one message decides nothing"


def test_at_the_shell(tmp_path: Any) -> None:
    words = ["algorithm", "abba", "run", "--n", "4", "--faulty", "1", "--seed", "7"]
    done = CliRunner().invoke(build(), [*words, "--liars", "two-faced", "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert len({row["decided"] for row in found["members"]}) == 1
    assert [row["member"] for row in found["members"]] == [0, 1, 2]
    shown = CliRunner().invoke(build(), words)
    assert "coin shares" in shown.stdout
    assert CliRunner().invoke(build(), ["algorithm", "abba", "run", "--faulty", "2"]).exit_code == 2
    (tmp_path / "message").write_bytes(abba.aux(1, True))
    words = ["algorithm", "abba", "message", str(tmp_path / "message"), "--json"]
    assert json.loads(CliRunner().invoke(build(), words).stdout) == {"kind": "aux", "round": 1, "values": [True]}
    (tmp_path / "message").write_bytes(b"")
    assert CliRunner().invoke(build(), words).exit_code != 0
