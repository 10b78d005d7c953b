"""A committee's work called from Python, and the opening of a payload beside the definition in plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from globelet.algorithms.threshold import Ceremony, TransportKey, deal, deal_signing

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
SEED, MESSAGE = bytes([7]) * 32, bytes([7]) * 32
Point = tuple[int, int, int, int]


def add(one: Point, two: Point) -> Point:
    """RFC 8032 section 5.1.4."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while scalar:
        total = add(total, point) if scalar & 1 else total
        point, scalar = add(point, point), scalar >> 1
    return total


def absolute(value: int) -> int:
    value %= P
    return P - value if value & 1 else value


def inverse_root(value: int) -> int:
    """SQRT_RATIO_M1(1, value) of RFC 9496 section 4.2, for a square."""
    root = pow(value, (P + 3) // 8, P) * pow(value, P - 2, P) % P
    return absolute(root if root * root * value % P == 1 else root * ROOT)


def decode(data: bytes) -> Point:
    """RFC 9496 section 4.3.1, for an encoding that is one."""
    s = int.from_bytes(data, "little")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    root = inverse_root(v * u2 * u2 % P)
    dx = root * u2 % P
    x = absolute(2 * s * dx)
    y = u1 * root * dx * v % P
    return x, y, 1, x * y % P


def encode(point: Point) -> bytes:
    """RFC 9496 section 4.3.2."""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    root = inverse_root(u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    inverse = den1 * den2 * t % P
    if t * inverse % P & 1:
        # 1 / sqrt(a - d), with a = -1.
        x, y, den = y * ROOT % P, x * ROOT % P, den1 * inverse_root((-1 - D) % P) % P
    else:
        den = den2
    y = P - y if x * inverse % P & 1 else y
    return absolute(den * (z - y)).to_bytes(32, "little")


def wide(domain: str, *parts: bytes) -> bytes:
    """64 bytes of BLAKE3 over parts with their lengths."""
    framed = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return blake3(framed, derive_key_context="globelet threshold 1: " + domain).digest(length=64)


def weight(own: int, members: list[int]) -> int:
    """The Lagrange coefficient at zero; member `i` stands at `i + 1`."""
    above, below = 1, 1
    for other in members:
        if other != own:
            above, below = above * (other + 1) % ORDER, below * (other - own) % ORDER
    return above * pow(below, ORDER - 2, ORDER) % ORDER


def plain_open(sealed: bytes, shares: list[bytes]) -> bytes:
    """What `combine` does, from the bytes of a ciphertext and of its shares."""
    members = [int.from_bytes(share[:2], "little") for share in shares]
    total = (0, 1, 1, 0)
    for member, share in zip(members, shares, strict=True):
        total = add(total, times(weight(member, members), decode(share[2:34])))
    derived = wide("payload key", encode(total), sealed[:32])
    assert derived[32:] == sealed[96:128]
    return ChaCha20Poly1305(derived[:32]).decrypt(bytes(12), sealed[196:], sealed[64:96])


@pytest.mark.benchmark(group="threshold: open a sealed 1 KB from 5 shares of 7")
@pytest.mark.parametrize("who", ["called from Python", "plain Python"])
def test_open(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    public, keys = deal(7, 5, SEED)
    payload = bytes([5]) * 1024
    sealed = public.encrypt(b"label", payload, SEED)
    shares = [key.decryption_share(sealed) for key in keys[:5]]
    if who == "called from Python":
        assert benchmark(public.combine, b"label", sealed, shares) == payload
    else:
        assert benchmark(plain_open, sealed.to_bytes(), [share.to_bytes() for share in shares]) == payload


@pytest.mark.benchmark(group="threshold: seal 1 KB")
def test_seal(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    public, _ = deal(7, 5, SEED)
    benchmark(public.encrypt, b"label", bytes([5]) * 1024, SEED)


@pytest.mark.benchmark(group="threshold: a member's decryption share")
def test_decryption_share(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    public, keys = deal(7, 5, SEED)
    benchmark(keys[0].decryption_share, public.encrypt(b"label", bytes([5]) * 1024, SEED))


@pytest.mark.benchmark(group="threshold: a member's share of a signature")
def test_sign(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    _, signers = deal_signing(7, 5, SEED)
    benchmark(signers[0].sign, MESSAGE)


@pytest.mark.benchmark(group="threshold: verify a signature")
def test_verify(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    committee, signers = deal_signing(7, 5, SEED)
    signature = committee.combine(MESSAGE, list(range(5)), [signer.sign(MESSAGE) for signer in signers[:5]])
    assert benchmark(committee.verify, MESSAGE, signature)


@pytest.mark.benchmark(group="threshold: combine 5 shares of 7 and verify the signature")
def test_combine(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    committee, signers = deal_signing(7, 5, SEED)
    benchmark(committee.combine, MESSAGE, list(range(5)), [signer.sign(MESSAGE) for signer in signers[:5]])


@pytest.mark.parametrize(
    "scheme",
    [
        pytest.param(name, marks=pytest.mark.benchmark(group=f"threshold: generate {what} key, all a member of 7 does"))
        for name, what in (("signing", "a signing"), ("encryption", "an encryption"))
    ],
)
def test_ceremony(benchmark: Any, scheme: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    key = TransportKey(bytes([1]) * 32)
    publics = [TransportKey(bytes([number]) * 32).public() for number in range(1, 8)]
    dealer = Ceremony.generation(scheme, b"bench", publics, 5)
    messages = [dealer.deal(number, SEED) for number in range(7)]

    def member() -> None:
        ceremony = Ceremony.generation(scheme, b"bench", publics, 5, key)
        ceremony.deal(0, SEED)
        for message in messages:
            ceremony.handle(message)
        ceremony.outcome()

    benchmark(member)
