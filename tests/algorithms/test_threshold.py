"""`globelet.algorithms.threshold`: the definition in plain Python on the other side, drand's signature, wrong input."""

from __future__ import annotations

import hashlib
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.edwards import ORDER, times
from plain.ristretto import decode, encode
from plain.tdh2 import open_sealed
from plain.threads import turns_while

from globelet.algorithms import AlgorithmError, threshold
from globelet.algorithms.threshold import (
    Ceremony,
    Ciphertext,
    CoinShare,
    DecryptionShare,
    KeyShare,
    PublicKey,
    SigningCommittee,
    SigningShare,
    ThresholdError,
    TransportKey,
    deal,
    deal_signing,
)

pytestmark = pytest.mark.algorithms

LABEL = b"round 7"


def seed(fill: int) -> bytes:
    return bytes([fill]) * 32


@given(st.binary(max_size=80), st.permutations(range(5)), st.binary(min_size=32, max_size=32))
@settings(max_examples=10, deadline=None)
def test_the_definition_on_the_other_side(payload: bytes, order: list[int], randomness: bytes) -> None:
    public, keys = deal(5, 3, randomness)
    sealed = public.encrypt(LABEL, payload, randomness)
    shares = [keys[member].decryption_share(sealed) for member in order[:3]]
    assert open_sealed(sealed.to_bytes(), [share.to_bytes() for share in shares]) == payload
    assert public.combine(LABEL, sealed, shares) == payload


def test_a_members_key_is_what_its_share_says() -> None:
    """Shamir and TDH2 by their definitions: shares lie on one line, keys are multiples of the generator."""
    public, keys = deal(4, 2, seed(3))
    secrets = [int.from_bytes(key.to_bytes()[2:34], "little") for key in keys]
    assert (secrets[2] - 2 * secrets[1] + secrets[0]) % ORDER == (secrets[3] - 2 * secrets[2] + secrets[1]) % ORDER == 0
    base = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
    constant = (2 * secrets[0] - secrets[1]) % ORDER
    encoded = public.to_bytes()
    assert public.group_key() == encoded[:32] == encode(times(constant, base))
    assert [encoded[36 + 32 * i : 68 + 32 * i] for i in range(4)] == [encode(times(secret, base)) for secret in secrets]


def test_a_signature_of_a_network_in_public_service() -> None:
    """drand's chain quicknet, round 1000, in the same ciphersuite."""
    key = bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921"
        "cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    )
    signature = bytes.fromhex(
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
    )
    committee = SigningCommittee.from_bytes(b"\1\0\1\0" + key + key)
    messages = [hashlib.sha256(number.to_bytes(8, "big")).digest() for number in (1000, 1001)]
    assert committee.verify_many(messages, [signature] * 2) == [True, False]
    assert committee.group_key() == key


def test_every_quorum_does_the_same() -> None:
    public, keys = deal(5, 3, seed(1))
    committee, signers = deal_signing(5, 3, seed(1))
    sealed = public.encrypt(LABEL, b"payload", seed(2))
    opened, coins, signatures = set(), set(), set()
    for chosen in combinations(range(5), 3):
        opened.add(public.combine(LABEL, sealed, [keys[member].decryption_share(sealed) for member in chosen]))
        coins.add(public.combine_coin(b"coin", [keys[member].coin_share(b"coin") for member in chosen]))
        signatures.add(
            committee.combine(b"message", list(chosen), [signers[member].sign(b"message") for member in chosen])
        )
    assert opened == {b"payload"}
    assert len(coins) == len(signatures) == 1
    assert committee.verify(b"message", signatures.pop())


def test_the_bad_are_named() -> None:
    public, keys = deal(5, 3, seed(1))
    sealed, other = public.encrypt(LABEL, b"one", seed(2)), public.encrypt(LABEL, b"two", seed(3))
    shares = [key.decryption_share(other if key.index in (1, 4) else sealed) for key in keys]
    with pytest.raises(ThresholdError, match=r"\[1, 4\]") as refused:
        public.combine(LABEL, sealed, shares)
    assert (refused.value.code, refused.value.members) == ("threshold.bad-shares", [1, 4])
    assert [public.verify_share(sealed, share) for share in shares] == [True, False, True, True, False]
    committee, signers = deal_signing(5, 3, seed(1))
    parts = [signer.sign(b"other" if signer.index == 2 else b"message") for signer in signers]
    with pytest.raises(ThresholdError) as refused:
        committee.combine(b"message", [0, 1, 2, 3], parts[:4])
    assert refused.value.members == [2]
    assert [committee.verify_share(member, b"message", parts[member]) for member in (1, 2)] == [True, False]
    coin = [key.coin_share(b"a" if key.index else b"b") for key in keys]
    assert not public.verify_coin_share(b"a", coin[0])
    assert public.combine_coin(b"a", coin) == public.combine_coin(b"a", coin[1:])


def test_every_encoding_comes_back_and_no_other_is_read() -> None:
    public, keys = deal(3, 2, seed(1))
    committee, signers = deal_signing(3, 2, seed(1))
    sealed = public.encrypt(LABEL, b"payload", seed(2))
    for thing in (
        public,
        keys[1],
        sealed,
        keys[1].decryption_share(sealed),
        keys[1].coin_share(b"a"),
        committee,
        signers[2],
    ):
        kind: Any = type(thing)
        data = thing.to_bytes()
        assert kind.from_bytes(memoryview(data)) == thing
        assert kind.__name__ + "(..)" == repr(thing)
        # A key that is zero is none; a share that is may be read, and never verifies.
        zero = [bytes(len(data))] if isinstance(thing, PublicKey | KeyShare | SigningCommittee | SigningShare) else []
        for wrong in (b"", data[:-1], data + b"\0", b"\xff" * len(data), bytes(1 << 16), *zero):
            with pytest.raises(ThresholdError) as refused:
                kind.from_bytes(wrong)
            assert refused.value.code == "threshold.encoding"


def test_buffers_of_every_kind() -> None:
    public, keys = deal(3, 2, bytearray(seed(1)))
    committee, signers = deal_signing(3, 2, memoryview(seed(1)))
    kinds: list[Any] = [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, dtype=np.uint8)]
    for kind in kinds:
        sealed = public.encrypt(kind(LABEL), kind(b"payload"), kind(seed(2)))
        assert sealed == public.encrypt(LABEL, b"payload", seed(2))
        shares = [key.decryption_share(sealed) for key in keys[1:]]
        assert public.combine(kind(LABEL), sealed, shares) == b"payload"
        assert signers[0].sign(kind(b"message")) == signers[0].sign(b"message")
        assert keys[0].coin_share(kind(b"coin")) == keys[0].coin_share(b"coin")
    parts = np.frombuffer(b"".join(signer.sign(b"message") for signer in signers[:2]), dtype=np.uint8).reshape(2, 48)
    assert committee.verify(b"message", committee.combine(b"message", [0, 1], parts))
    publics = np.frombuffer(b"".join(TransportKey(seed(n)).public() for n in range(3)), dtype=np.uint8).reshape(3, 32)
    assert Ceremony.generation("signing", b"s", publics, 2).members == 3


PUBLIC, KEYS = deal(4, 2, seed(1))
COMMITTEE, SIGNERS = deal_signing(4, 2, seed(1))
SEALED = PUBLIC.encrypt(LABEL, b"payload", seed(2))
TRANSPORT = [TransportKey(seed(number)).public() for number in range(3)]


def generation() -> Ceremony:
    return Ceremony.generation("encryption", b"s", TRANSPORT, 2)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("threshold.threshold", lambda: deal(3, 4, seed(1))),
        ("threshold.threshold", lambda: deal_signing(0, 0, seed(1))),
        ("threshold.threshold", lambda: Ceremony.generation("signing", b"", [], 1)),
        ("threshold.label", lambda: PUBLIC.check(b"round 8", SEALED)),
        ("threshold.label", lambda: PUBLIC.combine(b"round 8", SEALED, [])),
        ("threshold.proof", lambda: deal(4, 2, seed(9))[0].check(LABEL, Ciphertext.from_bytes(
            SEALED.to_bytes()[:-1] + bytes([SEALED.to_bytes()[-1] ^ 1])))),
        ("threshold.not-enough", lambda: PUBLIC.combine(LABEL, SEALED, [KEYS[0].decryption_share(SEALED)] * 3)),
        ("threshold.not-enough", lambda: PUBLIC.combine_coin(b"a", [KEYS[0].coin_share(b"b")])),
        ("threshold.not-enough", lambda: COMMITTEE.combine(b"a", [], [])),
        ("threshold.bad-shares", lambda: COMMITTEE.combine(b"a", [0, 9], [SIGNERS[0].sign(b"a"), bytes(48)])),
        ("threshold.unopenable", lambda: PUBLIC.combine(LABEL, Ciphertext.from_bytes(
            SEALED.to_bytes()[:96] + bytes(32) + SEALED.to_bytes()[128:]),
            [key.decryption_share(SEALED) for key in KEYS])),
        ("threshold.length", lambda: deal(3, 2, b"")),
        ("threshold.length", lambda: PUBLIC.encrypt(LABEL, b"", bytes(33))),
        ("threshold.length", lambda: COMMITTEE.verify(b"", bytes(47))),
        ("threshold.length", lambda: COMMITTEE.combine(b"a", [0], [b""])),
        ("threshold.length", lambda: TransportKey(bytes(1 << 20))),
        ("threshold.length", lambda: generation().deal(0, b"")),
        ("threshold.unequal", lambda: COMMITTEE.combine(b"a", [0], [])),
        ("threshold.unequal", lambda: COMMITTEE.verify_many([b""], [])),
        ("threshold.encoding", lambda: generation().handle(b"")),
        ("threshold.encoding", lambda: Ceremony.generation("encryption", b"", [bytes(32)], 1)),
        ("threshold.unknown-scheme", lambda: Ceremony.generation("rsa", b"", TRANSPORT, 1)),
        ("threshold.no-such-member", lambda: Ceremony.generation("signing", b"", TRANSPORT, 1, TransportKey(seed(9)))),
        ("threshold.no-such-member", lambda: generation().deal(3, seed(1))),
        ("threshold.wrong-ceremony", lambda: generation().redeal(KEYS[0], seed(1))),
        ("threshold.wrong-ceremony", lambda: Ceremony.resharing(PUBLIC, b"", TRANSPORT, 2).deal(0, seed(1))),
        ("threshold.other-scheme", lambda: Ceremony.resharing(PUBLIC, b"", TRANSPORT, 2).redeal(SIGNERS[0], seed(1))),
        ("threshold.bad-shares", lambda: Ceremony.resharing(PUBLIC, b"", TRANSPORT, 2).redeal(
            deal(4, 2, seed(7))[1][0], seed(1))),
        ("threshold.not-enough-dealings", lambda: generation().outcome()),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(ThresholdError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)
    assert isinstance(refused.value.members, list)


@pytest.mark.parametrize("wrong", ["text", None, 7, 1.5, [1]])
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    for call in (
        lambda: deal(3, 2, wrong),
        lambda: deal("3" if wrong == 7 else wrong, 2, seed(1)),
        lambda: PUBLIC.encrypt(wrong, b"", seed(1)),
        lambda: PUBLIC.check(LABEL, wrong),
        lambda: PUBLIC.combine(LABEL, SEALED, [wrong]),
        lambda: KEYS[0].decryption_share(wrong),
        lambda: SIGNERS[0].sign(wrong),
        lambda: PublicKey.from_bytes(wrong),
        lambda: Ceremony.resharing(wrong, b"", TRANSPORT, 2),
        lambda: generation().handle(wrong),
        lambda: generation().redeal(wrong, seed(1)),
        lambda: TransportKey(wrong),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("number", [-1, 65536, 2**70])
def test_numbers_out_of_range_overflow(number: int) -> None:
    for call in (
        lambda: deal(number, 2, seed(1)),
        lambda: deal_signing(2, number, seed(1)),
        lambda: COMMITTEE.verify_share(number, b"", bytes(48)),
        lambda: COMMITTEE.combine(b"", [number], [bytes(48)]),
        lambda: generation().deal(number, seed(1)),
        lambda: Ceremony.generation("signing", b"", TRANSPORT, number),
    ):
        with pytest.raises(OverflowError):
            call()


def test_other_threads_run_meanwhile() -> None:
    messages, signatures = [b"x"] * 60, [SIGNERS[0].sign(b"x")] * 60
    assert turns_while(lambda: COMMITTEE.verify_many(messages, signatures)) > 100


def test_classes_say_what_they_are_of() -> None:
    kinds = (PublicKey, KeyShare, Ciphertext, DecryptionShare, CoinShare, SigningCommittee, SigningShare, Ceremony)
    assert all(kind.__module__ == threshold.__name__ for kind in kinds)
