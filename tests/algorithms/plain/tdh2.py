"""Opening what is sealed to a committee, in plain Python, from the bytes of a ciphertext and of shares."""

from __future__ import annotations

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from plain.edwards import ORDER, ZERO, add, times
from plain.ristretto import decode, encode


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


def open_sealed(sealed: bytes, shares: list[bytes]) -> bytes:
    """What `combine` does, from the bytes of a ciphertext and of its shares."""
    members = [int.from_bytes(share[:2], "little") for share in shares]
    total = ZERO
    for member, share in zip(members, shares, strict=True):
        total = add(total, times(weight(member, members), decode(share[2:34])))
    derived = wide("payload key", encode(total), sealed[:32])
    assert derived[32:] == sealed[96:128]
    return ChaCha20Poly1305(derived[:32]).decrypt(bytes(12), sealed[196:], sealed[64:96])
