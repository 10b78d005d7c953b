"""`globelet._native.signatures` against an independent Ed25519."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from globelet._native import signatures

pytestmark = pytest.mark.ffi


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=500))
def test_both_sides_agree(seed: bytes, message: bytes) -> None:
    other = Ed25519PrivateKey.from_private_bytes(seed)
    signature = signatures.sign(seed, message)
    assert signatures.public_key(seed) == other.public_key().public_bytes_raw()
    assert signature == other.sign(message)
    assert signatures.verify(signatures.public_key(seed), message, signature)


@pytest.mark.parametrize("bit", [0, 255, 256, 511])
def test_a_changed_bit_is_refused_by_both(bit: int) -> None:
    seed, message = bytes(range(32)), b"1250 from tokyo to paris"
    public = signatures.public_key(seed)
    changed = bytearray(signatures.sign(seed, message))
    changed[bit // 8] ^= 1 << bit % 8
    assert not signatures.verify(public, message, bytes(changed))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(changed), message)
    assert not signatures.verify(public, message + b"0", signatures.sign(seed, message))


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        signatures.public_key(b"short")
    with pytest.raises(ValueError, match="64"):
        signatures.verify(bytes(32), b"", bytes(63))
