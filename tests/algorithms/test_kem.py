"""`globelet.algorithms.kem`: NIST's known answers, OpenSSL on the other side, wrong input."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while

from globelet.algorithms import AlgorithmError
from globelet.algorithms.kem import SIZES, KemError, PublicKey, SecretKey

pytestmark = pytest.mark.algorithms

SCHEMES: list[Any] = list(SIZES)


def owner(scheme: Any, fill: int = 1) -> SecretKey:
    return SecretKey(scheme, bytes([fill]) * SIZES[scheme]["seed"])


def test_known_answers_of_ml_kem_768(known_answers: Any) -> None:
    """Among them `ct_n`, which no encapsulation made: implicit rejection gives `ss_n`."""
    answered = 0
    for answer in islice(known_answers("MLKEM/kat_MLKEM_768.rsp"), 200):
        secret = SecretKey("ml-kem-768", answer["d"] + answer["z"])
        assert secret.public().to_bytes() == answer["pk"]
        assert secret.public().encapsulate(answer["msg"]) == (answer["ct"], answer["ss"])
        assert secret.decapsulate(answer["ct"]) == answer["ss"]
        assert secret.decapsulate(answer["ct_n"]) == answer["ss_n"]
        answered += 1
    assert answered == 200


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=32, max_size=32))
@settings(max_examples=20)
def test_openssl_on_the_other_side(seed: bytes, randomness: bytes) -> None:
    ours, theirs = SecretKey("ml-kem-768", seed), MLKEM768PrivateKey.from_seed_bytes(seed)
    public = theirs.public_key().public_bytes_raw()
    assert ours.public().to_bytes() == public
    ciphertext, shared = PublicKey("ml-kem-768", public).encapsulate(randomness)
    assert theirs.decapsulate(ciphertext) == shared
    shared, ciphertext = MLKEM768PublicKey.from_public_bytes(public).encapsulate()
    assert ours.decapsulate(ciphertext) == shared


@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_sides_share_and_others_do_not(scheme: Any) -> None:
    secret, sizes = owner(scheme), SIZES[scheme]
    public = PublicKey(scheme, secret.public().to_bytes())
    assert public == secret.public()
    assert public != owner(scheme, 2).public()
    assert (public.scheme, secret.scheme) == (scheme, scheme)
    ciphertext, shared = public.encapsulate(b"r" * sizes["randomness"])
    assert (len(public.to_bytes()), len(ciphertext), len(shared)) == (sizes["public"], sizes["ciphertext"], 32)
    assert secret.decapsulate(memoryview(ciphertext)) == shared
    bent = bytearray(ciphertext)
    bent[7] ^= 1
    assert secret.decapsulate(bent) == secret.decapsulate(bytes(bent)) != shared
    assert owner(scheme, 2).decapsulate(ciphertext) != shared


@pytest.mark.parametrize("scheme", SCHEMES)
def test_batches_are_single_calls(scheme: Any) -> None:
    secret, sizes = owner(scheme), SIZES[scheme]
    rows = np.arange(3 * sizes["randomness"], dtype=np.uint8).reshape(3, -1)
    made = secret.public().encapsulate_many(rows)
    assert made == [secret.public().encapsulate(row) for row in rows]
    assert secret.decapsulate_many([ciphertext for ciphertext, _ in made]) == [shared for _, shared in made]
    assert secret.decapsulate_many([]) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_wrong_lengths_are_refused(scheme: Any) -> None:
    secret, sizes = owner(scheme), SIZES[scheme]
    calls: list[tuple[str, Any]] = [
        ("seed", lambda data: SecretKey(scheme, data)),
        ("public", lambda data: PublicKey(scheme, data)),
        ("randomness", secret.public().encapsulate),
        ("randomness", lambda data: secret.public().encapsulate_many([data])),
        ("ciphertext", secret.decapsulate),
        ("ciphertext", lambda data: secret.decapsulate_many([data])),
    ]
    for what, call in calls:
        for length in (0, 1, sizes[what] - 1, sizes[what] + 1, 1 << 20):
            with pytest.raises(KemError, match=f"{sizes[what]} bytes, not {length}") as refused:
                call(bytes(length))
            assert refused.value.code == "kem.length"
            assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_public_keys_that_are_not_canonical_are_refused(scheme: Any) -> None:
    with pytest.raises(KemError) as refused:
        PublicKey(scheme, b"\xff" * SIZES[scheme]["public"])
    assert refused.value.code == "kem.public-key"


def test_other_misuse() -> None:
    unknown: Any = "rsa"
    for kind in (SecretKey, PublicKey):
        with pytest.raises(KemError) as refused:
            kind(unknown, b"")
        assert refused.value.code == "kem.unknown-scheme"
        for wrong in ("text", None, 7, [1, 2]):
            anything: Any = wrong
            with pytest.raises(TypeError):
                kind("x-wing", anything)
    assert repr(owner("x-wing")) == 'SecretKey("x-wing", ..)'
    assert not hasattr(owner("x-wing"), "__dict__")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_threads_run_meanwhile(scheme: Any) -> None:
    secret = owner(scheme)
    randomness = np.zeros((400, SIZES[scheme]["randomness"]), np.uint8)
    public = secret.public()
    assert turns_while(lambda: public.encapsulate_many(randomness)) > 100
    sent = [ciphertext for ciphertext, _ in public.encapsulate_many(randomness)]
    assert turns_while(lambda: secret.decapsulate_many(sent)) > 100
