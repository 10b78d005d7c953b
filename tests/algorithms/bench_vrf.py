"""Draws proved and verified from Python, beside the RFC's text in plain Python."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from plain.edwards import BASE, ORDER, Point, add, decode, encode, known, minus, times

from globelet.algorithms.vrf import PublicKey, SecretKey

SEED, ALPHA = bytes([7]) * 32, b"tokyo, epoch 1250"


def point_of(public: bytes, alpha: bytes) -> Point:
    for count in range(256):
        found = decode(hashlib.sha512(b"\3\1" + public + alpha + bytes([count, 0])).digest()[:32])
        if found:
            return times(8, found)
    raise AssertionError


def challenge(*points: bytes) -> bytes:
    return hashlib.sha512(b"\3\2" + b"".join(points) + b"\0").digest()[:16]


def plain_prove(seed: bytes, public: bytes, alpha: bytes) -> bytes:
    """RFC 9381 section 5.1, suite TAI."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    point = point_of(public, alpha)
    nonce = int.from_bytes(hashlib.sha512(digest[32:] + encode(point)).digest(), "little") % ORDER
    gamma = encode(times(secret, point))
    c = challenge(public, encode(point), gamma, encode(times(nonce, BASE)), encode(times(nonce, point)))
    return gamma + c + ((nonce + int.from_bytes(c, "little") * secret) % ORDER).to_bytes(32, "little")


def plain_verify(public: bytes, alpha: bytes, proof: bytes) -> bytes:
    """RFC 9381 section 5.3, suite TAI."""
    key, gamma, point = known(public), known(proof[:32]), point_of(public, alpha)
    c, s = int.from_bytes(proof[32:48], "little"), int.from_bytes(proof[48:], "little")
    u, v = add(times(s, BASE), minus(times(c, key))), add(times(s, point), minus(times(c, gamma)))
    assert challenge(public, encode(point), proof[:32], encode(u), encode(v)) == proof[32:48]
    return hashlib.sha512(b"\3\3" + encode(times(8, gamma)) + b"\0").digest()


@pytest.mark.benchmark(group="vrf: prove")
@pytest.mark.parametrize("who", ["called from Python, tai", "called from Python, ell2", "plain Python, tai"])
def test_prove(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    secret = SecretKey(SEED)
    if who.startswith("called"):
        suite: Any = who.partition(", ")[2]
        assert benchmark(secret.prove, ALPHA, suite) == secret.prove(ALPHA, suite)
    else:
        assert benchmark(plain_prove, SEED, secret.public(), ALPHA) == secret.prove(ALPHA)


@pytest.mark.benchmark(group="vrf: verify")
@pytest.mark.parametrize("who", ["called from Python, tai", "called from Python, ell2", "plain Python, tai"])
def test_verify(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    secret = SecretKey(SEED)
    public = PublicKey(secret.public())
    if who.startswith("called"):
        suite: Any = who.partition(", ")[2]
        assert benchmark(public.verify, ALPHA, secret.prove(ALPHA, suite), suite)
    else:
        proof = secret.prove(ALPHA)
        assert benchmark(plain_verify, secret.public(), ALPHA, proof) == public.verify(ALPHA, proof)
