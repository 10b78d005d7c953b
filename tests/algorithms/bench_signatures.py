"""Signatures verified from Python, beside OpenSSL and beside plain Python (RFC 8032's own example; dilithium-py)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from dilithium_py.ml_dsa import ML_DSA_65
from plain.edwards import BASE, ORDER, add, known, same, times

from globelet.algorithms.signatures import SigningKey, VerifyingKey, verify_batch

MESSAGE = bytes([7]) * 150


def plain_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 section 5.1.7."""
    point, nonce = known(public), known(signature[:32])
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(int.from_bytes(signature[32:], "little"), BASE), add(nonce, times(h, point))
    return same(left, right)


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
