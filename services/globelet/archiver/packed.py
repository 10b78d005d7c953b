"""A receipt's body without the hexadecimal of its encoding: half the bytes, and the very same body comes back.

Most of a receipt is its encoding (whole, or `brief`), and most of that are signatures and hashes, which no compression
makes smaller: turning hexadecimal back into bytes does all that compression could, at a twentieth of the time.

    0x01, offset of the encoding in the body (4 bytes, big-endian), its length in bytes (4), the encoding, the rest of
    the body; or the body as it is, which begins with "{".
"""

from __future__ import annotations

import struct

_MARK = b"\x01"
_HEAD = struct.Struct(">cII")
_FIELDS = b'"brief":"', b'"encoded":"'


class NotPacked(ValueError):  # noqa: N818
    """Bytes that no body was packed into."""


def pack(body: bytes) -> bytes:
    """A canonical body, packed where it has an encoding; else as it is."""
    field = _FIELDS[0] if _FIELDS[0] in body else _FIELDS[1]
    begin = body.find(field) + len(field)
    end = body.find(b'"', begin)
    if begin < len(field) or end <= begin:
        return body
    text = body[begin:end]
    try:
        raw = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return body
    if 2 * len(raw) != len(text) or text != text.lower():
        return body  # spaces or capitals would not come back
    return b"".join((_HEAD.pack(_MARK, begin, len(raw)), raw, body[:begin], body[end:]))


def size(found: bytes) -> int:
    """Bytes of the body that was packed. Raises `NotPacked`."""
    return len(found) if found[:1] != _MARK else len(found) - _HEAD.size + _places(found)[1]


def unpack(found: bytes) -> bytes:
    """The body that was packed. Raises `NotPacked`."""
    if found[:1] != _MARK:
        return found
    begin, length = _places(found)
    rest = _HEAD.size + length
    return b"".join((found[rest : rest + begin], found[_HEAD.size : rest].hex().encode(), found[rest + begin :]))


def _places(found: bytes) -> tuple[int, int]:
    if len(found) < _HEAD.size:
        raise NotPacked("a packed body ends before its encoding")
    _, begin, length = _HEAD.unpack_from(found)
    if _HEAD.size + length + begin > len(found):
        raise NotPacked(f"a packed body of {len(found)} bytes cannot hold an encoding of {length} at {begin}")
    return begin, length
