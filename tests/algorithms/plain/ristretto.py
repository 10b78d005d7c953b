"""ristretto255 of RFC 9496 in plain Python: encodings of edwards25519's points without its small orders."""

from __future__ import annotations

from plain.edwards import ROOT, D, P, Point


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
