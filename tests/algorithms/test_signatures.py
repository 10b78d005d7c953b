"""`globelet.algorithms.signatures`: published answers, OpenSSL on the other side, wrong input."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while

from globelet.algorithms import AlgorithmError, signatures
from globelet.algorithms.signatures import SCHEMES, SignatureError, SigningKey, VerifyingKey, verify_batch

pytestmark = pytest.mark.algorithms

SEEDS = {"ed25519": 32, "ml-dsa-44": 32, "ml-dsa-65": 32, "ml-dsa-44-ed25519": 64, "ml-dsa-65-ed25519": 64}
LATTICE: dict[str, Any] = {"ml-dsa-44": mldsa.MLDSA44PrivateKey, "ml-dsa-65": mldsa.MLDSA65PrivateKey}


def signer(scheme: Any, fill: int = 1) -> SigningKey:
    return SigningKey(scheme, bytes([fill]) * SEEDS[scheme])


def test_the_vectors_of_ed25519s_authors() -> None:
    """`sign.input`, from which RFC 8032 section 7.1 takes its examples."""
    lines = files("cryptography_vectors").joinpath("asymmetric", "Ed25519", "sign.input").read_text().splitlines()
    for line in lines[::8]:
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        key = SigningKey("ed25519", secret[:32])
        assert key.public() == public
        assert key.sign(message) == signed[:64] == signatures.sign(secret[:32], message)
        assert VerifyingKey("ed25519", public).verify(message, signed[:64])
    assert len(lines) == 1024


@pytest.mark.parametrize(("scheme", "name"), [("ml-dsa-44", "MLDSA_44"), ("ml-dsa-65", "MLDSA_65")])
def test_known_answers_of_ml_dsa(known_answers: Any, scheme: Any, name: str) -> None:
    answered = 0
    for answer in islice(known_answers(f"MLDSA/kat_{name}_det_pure.rsp"), 60):
        key = SigningKey(scheme, answer["xi"])
        assert key.public() == answer["pk"]
        signed = key.sign(answer["msg"], answer["ctx"])
        assert signed == answer["sm"][: len(signed)]
        assert VerifyingKey(scheme, answer["pk"]).verify(answer["msg"], signed, answer["ctx"])
        answered += 1
    assert answered == 60


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.binary(max_size=255))
@settings(max_examples=15)
def test_openssl_on_the_other_side(seed: bytes, message: bytes, context: bytes) -> None:
    for scheme, other in LATTICE.items():
        kind: Any = scheme
        ours, theirs = SigningKey(kind, seed), other.from_seed_bytes(seed)
        assert ours.public() == theirs.public_key().public_bytes_raw()
        theirs.public_key().verify(ours.sign(message, context), message, context)
        assert VerifyingKey(kind, ours.public()).verify(message, theirs.sign(message, context), context)
    curve = Ed25519PrivateKey.from_private_bytes(seed)
    assert SigningKey("ed25519", seed).sign(message) == curve.sign(message)


@pytest.mark.parametrize("lattice", ["ml-dsa-44", "ml-dsa-65"])
def test_hybrids_are_the_drafts(lattice: str) -> None:
    """draft-ietf-lamps-pq-composite-sigs, section 3.2, verified by OpenSSL's two halves."""
    scheme: Any = f"{lattice}-ed25519"
    seed, message, context = bytes(range(64)), b"1250 from tokyo to paris", b"order"
    label = f"COMPSIG-MLDSA{lattice[-2:]}-Ed25519-SHA512".encode()
    both = b"CompositeAlgorithmSignatures2025" + label + bytes([len(context)]) + context
    both += hashlib.sha512(message).digest()
    one, two = LATTICE[lattice].from_seed_bytes(seed[:32]), Ed25519PrivateKey.from_private_bytes(seed[32:])
    key = SigningKey(scheme, seed)
    assert key.public() == one.public_key().public_bytes_raw() + two.public_key().public_bytes_raw()
    signed = key.sign(message, context)
    one.public_key().verify(signed[:-64], both, label)
    two.public_key().verify(signed[-64:], both)
    assert VerifyingKey(scheme, key.public()).verify(message, one.sign(both, label) + two.sign(both), context)
    with pytest.raises(InvalidSignature):
        one.public_key().verify(signed[:-64], message)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_signature_stands_on_its_message_and_key_alone(scheme: Any) -> None:
    key = signer(scheme)
    public = VerifyingKey(scheme, key.public())
    signed = key.sign(b"message")
    assert (key.scheme, public.scheme, public.to_bytes()) == (scheme, scheme, key.public())
    assert public.verify(bytearray(b"message"), memoryview(signed))
    assert not public.verify(b"massage", signed)
    assert not VerifyingKey(scheme, signer(scheme, 2).public()).verify(b"message", signed)
    messages = np.arange(15, dtype=np.uint8).reshape(3, 5)
    many = key.sign_many(messages)
    assert many == [key.sign(row) for row in messages]
    assert public.verify_many(messages, many) == [True] * 3
    assert public.verify_many(messages, many[::-1]) == [False, True, False]


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=40), st.booleans()), max_size=20))
def test_a_batch_is_single_checks(cases: list[tuple[int, bytes, bool]]) -> None:
    keys = [signer("ed25519", fill) for fill in range(4)]
    publics = [keys[who].public() for who, _, _ in cases]
    signed = [keys[who].sign(message if good else message + b"!") for who, message, good in cases]
    found = verify_batch(publics, [message for _, message, _ in cases], signed)
    assert found == [good for _, _, good in cases]


def test_strict_where_others_are_lax() -> None:
    """The identity as a key makes any message stand where small order is not refused."""
    identity = bytes([1, *bytes(31)])
    forged = identity + bytes(32)
    Ed25519PublicKey.from_public_bytes(identity).verify(forged, b"any message")
    assert not signatures.verify(identity, b"any message", forged)
    assert verify_batch([identity], [b"any message"], [forged]) == [False]
    with pytest.raises(SignatureError) as refused:
        VerifyingKey("ed25519", identity)
    assert refused.value.code == "signatures.public-key"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_wrong_lengths_are_refused(scheme: Any) -> None:
    key = signer(scheme)
    public = VerifyingKey(scheme, key.public())
    calls: list[tuple[int, Any]] = [
        (SEEDS[scheme], lambda data: SigningKey(scheme, data)),
        (len(key.public()), lambda data: VerifyingKey(scheme, data)),
        (len(key.sign(b"")), lambda data: public.verify(b"", data)),
        (len(key.sign(b"")), lambda data: public.verify_many([b""], [data])),
    ]
    for right, call in calls:
        for length in (0, 1, right - 1, right + 1, 1 << 20):
            with pytest.raises(SignatureError, match=f"{right} bytes, not {length}") as refused:
                call(bytes(length))
            assert refused.value.code == "signatures.length"
            assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("signatures.unknown-scheme", lambda: SigningKey("rsa", bytes(32))),
        ("signatures.unknown-scheme", lambda: VerifyingKey("rsa", bytes(32))),
        ("signatures.context", lambda: signer("ed25519").sign(b"", b"context")),
        ("signatures.context", lambda: signer("ml-dsa-44").sign(b"", bytes(256))),
        ("signatures.unequal", lambda: verify_batch([bytes(32)], [], [])),
        ("signatures.unequal", lambda: VerifyingKey("ml-dsa-44", bytes(1312)).verify_many([b""], [])),
        ("signatures.length", lambda: verify_batch([bytes(31)], [b""], [bytes(64)])),
        ("signatures.length", lambda: verify_batch([bytes(32)], [b""], [bytes(65)])),
        ("signatures.length", lambda: signatures.sign(b"", b"")),
        ("signatures.length", lambda: signatures.public_key(b"")),
        ("signatures.length", lambda: signatures.verify(bytes(32), b"", b"")),
    ],
)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(SignatureError) as refused:
        call()
    assert refused.value.code == code


@pytest.mark.parametrize("wrong", ["text", None, 7, 1.5, [1]])
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    for call in (
        lambda: SigningKey("ed25519", wrong),
        lambda: VerifyingKey("ed25519", wrong),
        lambda: signer("ed25519").sign(wrong),
        lambda: signatures.verify(bytes(32), wrong, bytes(64)),
        lambda: verify_batch(wrong, [b""], [bytes(64)]),
        lambda: SigningKey(wrong if wrong != "text" else 3, bytes(32)),
    ):
        with pytest.raises(TypeError):
            call()
    assert repr(signer("ed25519")) == 'SigningKey("ed25519", ..)'


@pytest.mark.parametrize("scheme", SEEDS)
def test_other_threads_run_meanwhile(scheme: Any) -> None:
    key = signer(scheme)
    messages = [b"x" * 100] * (2_000 if scheme == "ed25519" else 200)
    assert turns_while(lambda: key.sign_many(messages)) > 100
    signed = key.sign_many(messages)
    assert turns_while(lambda: VerifyingKey(scheme, key.public()).verify_many(messages, signed)) > 100
