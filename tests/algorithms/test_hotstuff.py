"""HotStuff: chains driven by hand and in virtual time, liars convicted by what they signed, refusals."""

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

from globelet.algorithms import AlgorithmError, hotstuff
from globelet.algorithms.hotstuff import Hotstuff, HotstuffError, Keys, Network, Watch
from globelet.cli import build

pytestmark = pytest.mark.algorithms

KEYS = Keys(4, bytes(32))


def proposal(payload: bytes = b"a block", leader: int = 0) -> bytes:
    """What a leader of view 0 says first."""
    return said_to_all(Hotstuff(KEYS, leader).propose(0, payload))


def said_to_all(actions: list[Any]) -> bytes:
    """The first broadcast among actions."""
    said: bytes = next(action[1] for action in actions if action[0] == "broadcast")
    return said


def vote(member: int, said: bytes) -> bytes:
    """A fresh member's vote for a proposal."""
    [action] = [one for one in Hotstuff(KEYS, member).handle(0, 0, said) if one[0] == "send"]
    return action[2]


def test_a_chain_that_works_costs_five_message_delays_a_block() -> None:
    network = Network(delay_us=1_000)
    network.run(blocks=3)
    assert [(block.first_us, block.last_us, block.by) for block in network.blocks] == [
        (4_000, 5_000, 4),
        (8_000, 9_000, 4),
        (12_000, 13_000, 4),
    ]
    assert {block.view for block in network.blocks} == {0}
    assert (network.evidence, network.equivocations) == ([], set())


@pytest.mark.parametrize("n", [4, 7, 10])
def test_each_view_whose_leader_is_down_is_given_up(n: int) -> None:
    down = range((n - 1) // 3)
    network = Network(n, down, delay_us=1_000, timeout_us=50_000)
    network.run(blocks=1)
    [block] = network.blocks
    assert block.view == block.proposer == len(down)
    # The time-out doubles; a view change takes one delay, the block after it four at its leader.
    waited = sum(50_000 * 2**view for view in down)
    assert block.first_us == waited + 1_000 * (len(down) + 4)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([4, 7]), st.integers(0, 2**32), st.integers(0, 6), st.booleans(), st.integers(0, 300_000))
def test_logs_never_part_and_chains_go_on(n: int, seed: int, faulty: int, twin: bool, jitter: int) -> None:
    down, twins = ([], [faulty % n]) if twin else ([faulty % n], [])
    network = Network(n, down, twins, jitter_us=jitter, timeout_us=100_000, seed=seed)
    network.run(blocks=4)
    assert len(network.blocks) >= 4
    assert {network.keys.convicts(evidence) for evidence in network.evidence} <= set(twins)
    assert {member for member, _ in network.equivocations} <= set(twins)
    again = Network(n, down, twins, jitter_us=jitter, timeout_us=100_000, seed=seed)
    again.run(blocks=4)
    assert (again.blocks, again.delivered) == (network.blocks, network.delivered)


def test_a_leader_of_two_minds_is_seen_by_whoever_hears_both() -> None:
    network = Network(twins=[0])
    network.run(blocks=1)
    assert network.equivocations == {(0, 0)}


def test_two_votes_convict_their_member_before_everybody() -> None:
    one, two = vote(2, proposal(b"one")), vote(2, proposal(b"two"))
    watch = Watch(KEYS)
    assert watch.observe(2, one) == []
    [evidence] = watch.observe(2, two)
    assert watch.accused == [2]
    assert watch.observe(2, vote(2, proposal(b"three"))) == [], "each member is reported once"
    assert Keys(4, bytes(32)).convicts(evidence) == 2
    assert Keys(4, bytes(32), chain=1).convicts(evidence) is None
    forged = evidence[:-1] + bytes([evidence[-1] ^ 1])
    assert KEYS.convicts(forged) is None


def test_a_certificate_proves_a_block_to_whoever_knows_the_keys() -> None:
    network = Network()
    network.run(blocks=1)
    members = [Hotstuff(KEYS, me) for me in range(4)]
    said = proposal()
    votes = [vote(me, said) for me in (1, 2)]
    leader = members[0]
    leader.propose(0, b"a block")
    assert leader.handle(0, 1, votes[0]) == []
    actions = leader.handle(0, 2, votes[1])
    proof = said_to_all(actions)[1:]
    assert hotstuff.certificate(proof)["phase"] == "prepare"
    assert hotstuff.certificate(proof)["members"] == [0, 1, 2]
    assert KEYS.verify(proof)
    assert KEYS.verify(memoryview(proof))
    assert not Keys(4, bytes(32), chain=9).verify(proof)
    assert not KEYS.verify(proof[:-1] + bytes([proof[-1] ^ 1]))
    for place in random.Random(1).sample(range(len(proof)), 60):
        wrong = bytearray(proof)
        wrong[place] ^= 1
        try:
            assert not KEYS.verify(wrong), f"byte {place} is not covered"
        except HotstuffError as refused:
            assert refused.code == "hotstuff.malformed"  # noqa: PT017


def test_messages_say_what_they_are() -> None:
    said = proposal()
    shown = hotstuff.message(said)
    assert (shown["kind"], shown["view"], shown["height"]) == ("propose", 0, 1)
    voted = hotstuff.message(vote(1, said))
    assert (voted["kind"], voted["block"]) == ("vote to prepare", shown["block"])
    member = Hotstuff(KEYS, 1, timeout_us=5)
    assert member.expect_progress(0) == [("timer", 0, 5)]
    gave_up = said_to_all(member.timer(5, 0))
    assert hotstuff.message(gave_up) == {"kind": "timeout", "view": 0, "height": 0, "block": None}
    assert hotstuff.message(said_to_all(member.catch_up(6)))["kind"] == "fetch"


def test_a_member_can_be_asked_how_it_is() -> None:
    leader = Hotstuff(KEYS, 0)
    assert (leader.view, leader.height, leader.head, leader.leader) == (0, 0, bytes(32), 0)
    assert (leader.ready, leader.expecting, Hotstuff(KEYS, 1).ready) == (True, False, False)
    leader.expect_progress(0)
    assert leader.expecting
    assert (KEYS.n, KEYS.chain, KEYS.quorum, len(KEYS.public(3))) == (4, 0, 3, 32)
    assert hotstuff.HISTORY == 256


def test_buffers_of_every_kind_are_taken() -> None:
    said = proposal()
    for data in (said, bytearray(said), memoryview(said), np.frombuffer(said, dtype=np.uint8)):
        assert Hotstuff(KEYS, 1).handle(0, 0, data)[-1][0] == "send"
        assert hotstuff.message(data)["height"] == 1
    assert Hotstuff(KEYS, 0).propose(0, np.zeros(5, dtype=np.uint8))[0][0] == "broadcast"


def test_other_threads_run_meanwhile() -> None:
    assert turns_while(lambda: Keys(3_000, bytes(32))) > 100


REFUSED: list[tuple[str, Any]] = [
    ("hotstuff.committee", lambda: Keys(0, bytes(32))),
    ("hotstuff.length", lambda: Keys(4, b"")),
    ("hotstuff.length", lambda: Keys(4, bytes(31))),
    ("hotstuff.no-such-member", lambda: Hotstuff(KEYS, 4)),
    ("hotstuff.no-such-member", lambda: Hotstuff(KEYS, 0).handle(0, 4, proposal())),
    ("hotstuff.no-such-member", lambda: Watch(KEYS).observe(4, proposal())),
    ("hotstuff.no-such-member", lambda: KEYS.public(4)),
    ("hotstuff.malformed", lambda: Hotstuff(KEYS, 1).handle(0, 0, b"")),
    ("hotstuff.malformed", lambda: Hotstuff(KEYS, 1).handle(0, 0, proposal() + b"\0")),
    ("hotstuff.malformed", lambda: Hotstuff(KEYS, 1).handle(0, 0, proposal()[:-1])),
    ("hotstuff.malformed", lambda: Watch(KEYS).observe(0, b"\xff" * 100)),
    ("hotstuff.malformed", lambda: KEYS.verify(b"")),
    ("hotstuff.malformed", lambda: KEYS.convicts(b"\x02")),
    ("hotstuff.malformed", lambda: hotstuff.certificate(bytes(100))),
    ("hotstuff.malformed", lambda: hotstuff.message(bytes((16 << 20) + 1))),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(HotstuffError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Keys("4", bytes(32)),
        lambda: Hotstuff(None, 0),
        lambda: Hotstuff(KEYS, 0).propose(0, "text"),
        lambda: Hotstuff(KEYS, 0).handle(0, 1, None),
        lambda: Watch(4),
        lambda: KEYS.verify("text"),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for call in (lambda: Keys(-1, bytes(32)), lambda: Hotstuff(KEYS, 2**16), lambda: Hotstuff(KEYS, 0, 2**64)):
        with pytest.raises(OverflowError):
            call()
    for faulty in ({"down": [0, 1]}, {"twins": [4]}, {"down": [0], "twins": [1]}):
        with pytest.raises(HotstuffError, match="borne") as refused:
            Network(4, **faulty)  # type: ignore[arg-type]
        assert refused.value.code == "hotstuff.committee"


def test_extreme_clocks_and_time_outs_are_borne() -> None:
    member = Hotstuff(KEYS, 1, timeout_us=2**64 - 1)
    assert member.expect_progress(2**64 - 1) == [("timer", 0, 0)]
    assert member.timer(2**64 - 1, 0)[0][0] == "broadcast"
    assert member.timer(2**64 - 1, 2**64 - 1) == []


@given(st.binary(max_size=400), st.integers(0, 3))
def test_a_member_takes_any_bytes_without_harm(data: bytes, sender: int) -> None:
    member = Hotstuff(KEYS, 0)
    try:
        member.handle(0, sender, data)
    except HotstuffError as refused:
        assert refused.code == "hotstuff.malformed"  # noqa: PT017
    assert (member.height, member.view) == (0, 0)


def test_at_the_shell(tmp_path: Any) -> None:
    words = ["algorithm", "hotstuff", "run", "--n", "7", "--views", "2", "--blocks", "3"]
    found = json.loads(CliRunner().invoke(build(), [*words, "--json"]).stdout)
    assert [(block["height"], block["view"]) for block in found["blocks"]][:3] == [(1, 2), (2, 2), (3, 2)]
    assert found["convicted"] == []
    shown = CliRunner().invoke(build(), ["algorithm", "hotstuff", "run", "--lying-leader"])
    assert "leader 0 proposed two blocks in view 0" in shown.stdout
    assert CliRunner().invoke(build(), ["algorithm", "hotstuff", "run", "--views", "2"]).exit_code == 2
    (tmp_path / "message").write_bytes(proposal())
    words = ["algorithm", "hotstuff", "message", str(tmp_path / "message"), "--json"]
    assert json.loads(CliRunner().invoke(build(), words).stdout)["kind"] == "propose"
    (tmp_path / "message").write_bytes(b"")
    assert CliRunner().invoke(build(), words).exit_code != 0
