"""Signatures verified from Python, beside OpenSSL and beside plain Python (RFC 8032's own example; dilithium-py)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from dilithium_py.ml_dsa import ML_DSA_65

from globelet.algorithms.signatures import SigningKey, VerifyingKey, verify_batch

MESSAGE = bytes([7]) * 150
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(one: Point, two: Point) -> Point:
    """RFC 8032 section 5.1.4, extended coordinates."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar: int, point: Point) -> Point:
    """Doubles and adds."""
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decompress(data: bytes) -> Point:
    """RFC 8032 section 5.1.3, for a point that is one."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = x if x & 1 == sign else P - x
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def plain_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 section 5.1.7."""
    point, nonce = decompress(public), decompress(signature[:32])
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(int.from_bytes(signature[32:], "little"), BASE), add(nonce, times(h, point))
    same = (left[0] * right[2] - right[0] * left[2]) % P == 0
    return same and (left[1] * right[2] - right[1] * left[2]) % P == 0


@pytest.mark.benchmark(group="signatures: verify 150 B")
@pytest.mark.parametrize(
    "who", ["called from Python, ed25519", "OpenSSL from Python, ed25519", "plain Python, ed25519"]
)
def test_ed25519(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    key = SigningKey("ed25519", bytes([1]) * 32)
    public, signature = key.public(), key.sign(MESSAGE)
    if who.startswith("called"):
        assert benchmark(VerifyingKey("ed25519", public).verify, MESSAGE, signature)
    elif who.startswith("OpenSSL"):
        benchmark(Ed25519PublicKey.from_public_bytes(public).verify, signature, MESSAGE)
    else:
        assert benchmark(plain_verify, public, MESSAGE, signature)


@pytest.mark.benchmark(group="signatures: verify 150 B")
@pytest.mark.parametrize(
    "who", ["called from Python, ml-dsa-65", "OpenSSL from Python, ml-dsa-65", "plain Python, ml-dsa-65"]
)
def test_ml_dsa_65(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    key = SigningKey("ml-dsa-65", bytes([1]) * 32)
    public, signature = key.public(), key.sign(MESSAGE)
    if who.startswith("called"):
        assert benchmark(VerifyingKey("ml-dsa-65", public).verify, MESSAGE, signature)
    elif who.startswith("OpenSSL"):
        benchmark(MLDSA65PublicKey.from_public_bytes(public).verify, signature, MESSAGE)
    else:
        assert benchmark(ML_DSA_65.verify, public, MESSAGE, signature)


@pytest.mark.benchmark(group="signatures: verify a batch of 16 Ed25519")
def test_batch(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python, from bytes"
    keys = [SigningKey("ed25519", bytes([number]) * 32) for number in range(16)]
    publics, signed = [key.public() for key in keys], [key.sign(MESSAGE) for key in keys]
    assert benchmark(verify_batch, publics, [MESSAGE] * 16, signed) == [True] * 16
