"""`globelet.algorithms.vrf`: the RFC's examples, the RFC's text in plain Python on the other side, wrong input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.edwards import BASE, ORDER, ROOT, ZERO, P, Point, decode, encode, known, same, times
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError
from globelet.algorithms.shell.vrf import app
from globelet.algorithms.vrf import SUITES, PublicKey, SecretKey, VrfError, proof_to_hash

pytestmark = pytest.mark.algorithms

NUMBER = {"tai": b"\3", "ell2": b"\4"}


def expand(message: bytes, domain: bytes, length: int) -> bytes:
    """expand_message_xmd of RFC 9380 section 5.3.1 for one block of SHA-512."""
    suffix = domain + bytes([len(domain)])
    first = hashlib.sha512(bytes(128) + message + length.to_bytes(2, "big") + b"\0" + suffix).digest()
    return hashlib.sha512(first + b"\1" + suffix).digest()[:length]


def elligator(number: int) -> Point:
    """RFC 9380 section 6.7.1 on curve25519 (J = 486662, Z = 2), then the map of appendix D.1 to edwards25519."""
    a = 486662
    x1 = -a * pow(1 + 2 * number * number, P - 2, P) % P
    square = (x1**3 + a * x1 * x1 + x1) % P
    is_square = pow(square, (P - 1) // 2, P) in (0, 1)
    x = x1 if is_square else (-x1 - a) % P
    square = square if is_square else (x**3 + a * x * x + x) % P
    y = pow(square, (P + 3) // 8, P)
    y = y if y * y % P == square else y * ROOT % P
    y = y if (y & 1) == is_square else P - y
    factor = pow(-486664 % P, (P + 3) // 8, P)
    factor = factor if factor * factor % P == -486664 % P else factor * ROOT % P
    factor = factor if factor & 1 == 0 else P - factor
    u, v = factor * x * pow(y, P - 2, P) % P, (x - 1) * pow(x + 1, P - 2, P) % P
    return u, v, 1, u * v % P


def point_of(suite: str, public: bytes, alpha: bytes) -> Point:
    """RFC 9381 sections 5.4.1.1 and 5.4.1.2."""
    if suite == "ell2":
        uniform = expand(public + alpha, b"ECVRF_edwards25519_XMD:SHA-512_ELL2_NU_\4", 48)
        return times(8, elligator(int.from_bytes(uniform, "big") % P))
    for count in range(256):
        found = decode(hashlib.sha512(b"\3\1" + public + alpha + bytes([count, 0])).digest()[:32])
        if found and not same(times(8, found), ZERO):
            return times(8, found)
    raise AssertionError


def plain_prove(suite: str, seed: bytes, alpha: bytes) -> bytes:
    """RFC 9381 section 5.1."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    public = encode(times(secret, BASE))
    point = point_of(suite, public, alpha)
    nonce = int.from_bytes(hashlib.sha512(digest[32:] + encode(point)).digest(), "little") % ORDER
    gamma = encode(times(secret, point))
    parts = [public, encode(point), gamma, encode(times(nonce, BASE)), encode(times(nonce, point))]
    challenge = hashlib.sha512(NUMBER[suite] + b"\2" + b"".join(parts) + b"\0").digest()[:16]
    response = (nonce + int.from_bytes(challenge, "little") * secret) % ORDER
    return gamma + challenge + response.to_bytes(32, "little")


def plain_hash(suite: str, proof: bytes) -> bytes:
    """RFC 9381 section 5.2."""
    return hashlib.sha512(NUMBER[suite] + b"\3" + encode(times(8, known(proof[:32]))) + b"\0").digest()


def drawer(fill: int = 1) -> SecretKey:
    return SecretKey(bytes([fill]) * 32)


@pytest.mark.parametrize(
    ("suite", "proof", "output"),
    [
        (
            "tai",  # RFC 9381 example 18
            "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0"
            "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
            "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241"
            "578be7217ba85a2687f7a0310b2df19f",
        ),
        (
            "ell2",  # RFC 9381 example 21
            "926e895d308f5e328e7aa159c06eddbe56d06846abf5d98c2512235eaa57fdce35b46edfc655bc828d44ad09d1150f31"
            "374e7ef73027e14760d42e77341fe05467bb286cc2c9d7fde29120a0b2320d04",
            "121b7f9b9aaaa29099fc04a94ba52784d44eac976dd1a3cca458733be5cd090a7b5fbd148444f17f8daf1fb55cb04b1a"
            "e85a626e30a54b4b0f8abf4a43314a58",
        ),
    ],
)
def test_the_rfcs_examples(suite: Any, proof: str, output: str) -> None:
    seed = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    key = SecretKey(seed)
    assert key.prove(b"\xaf\x82", suite).hex() == proof
    assert PublicKey(key.public()).verify(b"\xaf\x82", bytes.fromhex(proof), suite).hex() == output
    assert plain_prove(suite, seed, b"\xaf\x82").hex() == proof


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
@settings(max_examples=8, deadline=None)
def test_the_rfcs_text_on_the_other_side(seed: bytes, alpha: bytes) -> None:
    key = SecretKey(seed)
    assert key.public() == Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    for suite in SUITES:
        kind: Any = suite
        proof = key.prove(alpha, kind)
        assert proof == plain_prove(suite, seed, alpha)
        assert (
            proof_to_hash(proof, kind) == plain_hash(suite, proof) == PublicKey(key.public()).verify(alpha, proof, kind)
        )


@given(st.binary(max_size=50), st.integers(0, 639), st.sampled_from(SUITES))
@settings(max_examples=60)
def test_a_proof_holds_for_its_input_only(alpha: bytes, bit: int, suite: Any) -> None:
    public = PublicKey(drawer().public())
    proof = drawer().prove(alpha, suite)
    wrong = bytearray(proof)
    wrong[bit // 8] ^= 1 << bit % 8
    other = drawer(2).prove(alpha, suite)
    found = public.verify_many([alpha, alpha + b"!", alpha, alpha], [proof, proof, wrong, other], suite)
    assert found == [proof_to_hash(proof, suite), None, None, None]


def test_buffers_of_every_kind() -> None:
    key, seed = drawer(), bytes([1]) * 32
    public = PublicKey(key.public())
    proof = key.prove(b"epoch 7")
    output = public.verify(b"epoch 7", proof)
    for kind in (bytearray, memoryview, lambda data: np.frombuffer(data, dtype=np.uint8)):
        given_kind: Any = kind
        assert SecretKey(given_kind(seed)).prove(given_kind(b"epoch 7")) == proof
        assert PublicKey(given_kind(key.public())) == public
        assert public.verify(given_kind(b"epoch 7"), given_kind(proof)) == output
    rows = np.arange(12, dtype=np.uint8).reshape(4, 3)
    proofs = key.prove_many(rows)
    assert proofs == [key.prove(row) for row in rows] == key.prove_many(tuple(row.tobytes() for row in rows))
    matrix = np.frombuffer(b"".join(proofs), dtype=np.uint8).reshape(4, 80)
    assert public.verify_many(rows, matrix) == [proof_to_hash(one) for one in proofs]
    assert key.prove_many([]) == public.verify_many([], []) == []
    assert public.to_bytes() == key.public()
    assert {public: 1}[PublicKey(key.public())] == 1


IDENTITY = bytes([1, *bytes(31)])
BEYOND = (P + 1).to_bytes(32, "little")


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("vrf.length", lambda: SecretKey(b"")),
        ("vrf.length", lambda: SecretKey(bytes(33))),
        ("vrf.length", lambda: PublicKey(bytes(31))),
        ("vrf.length", lambda: PublicKey(bytes(1 << 20))),
        ("vrf.length", lambda: PublicKey(drawer().public()).verify(b"", b"")),
        ("vrf.length", lambda: proof_to_hash(bytes(79))),
        ("vrf.public-key", lambda: PublicKey(IDENTITY)),
        ("vrf.public-key", lambda: PublicKey(bytes(32))),
        ("vrf.public-key", lambda: PublicKey(BEYOND)),
        ("vrf.public-key", lambda: PublicKey(b"\2" + bytes(31))),
        ("vrf.encoding", lambda: proof_to_hash(bytes([255]) * 80)),
        ("vrf.encoding", lambda: proof_to_hash(IDENTITY + bytes(48))),
        ("vrf.encoding", lambda: PublicKey(drawer().public()).verify(b"", drawer().prove(b"")[:48] + b"\xff" * 32)),
        ("vrf.proof", lambda: PublicKey(drawer().public()).verify(b"one", drawer().prove(b"two"))),
        ("vrf.proof", lambda: PublicKey(drawer().public()).verify(b"", drawer().prove(b"", "tai"), "ell2")),
        ("vrf.unknown-suite", lambda: drawer().prove(b"", "p256")),
        ("vrf.unknown-suite", lambda: proof_to_hash(bytes(80), "")),
        ("vrf.unequal", lambda: PublicKey(drawer().public()).verify_many([b""], [])),
    ],
)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(VrfError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize("wrong", ["text", None, 7, 1.5, [1]])
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    public = PublicKey(drawer().public())
    for call in (
        lambda: SecretKey(wrong),
        lambda: PublicKey(wrong),
        lambda: drawer().prove(wrong),
        lambda: drawer().prove(b"", wrong if wrong != "text" else 3),
        lambda: drawer().prove_many(wrong if wrong != [1] else [1]),
        lambda: public.verify(wrong, bytes(80)),
        lambda: public.verify(b"", wrong),
        lambda: proof_to_hash(wrong),
    ):
        with pytest.raises(TypeError):
            call()


def test_a_secret_key_shows_nothing() -> None:
    assert repr(drawer()) == "SecretKey(..)"


def test_other_threads_run_meanwhile() -> None:
    key = drawer()
    assert turns_while(lambda: key.prove_many([b"x"] * 3000)) > 100


def test_the_shell(tmp_path: Path) -> None:
    seed, public, epoch = tmp_path / "seed", tmp_path / "public", tmp_path / "epoch"
    epoch.write_bytes(b"epoch 7")
    run = CliRunner().invoke
    assert run(app, ["keygen", "--seed", str(seed), "--public", str(public)]).exit_code == 0
    assert seed.stat().st_mode & 0o777 == 0o600
    for suite in SUITES:
        made = run(app, ["prove", str(epoch), "--seed", str(seed), "--suite", suite, "--json"])
        proof, output = (json.loads(made.stdout)[name] for name in ("proof", "output"))
        check = ["--public", str(public), "--proof", proof, "--suite", suite]
        held = run(app, ["verify", str(epoch), *check])
        assert (held.exit_code, held.stdout.strip()) == (0, output)
        assert run(app, ["hash", "--proof", proof, "--suite", suite]).stdout.strip() == output
        refused = run(app, ["verify", str(seed), *check])
        assert (refused.exit_code, refused.stdout.strip()) == (1, "does not hold")
