"""Receipts without the interval signatures that they share: made whole for readers, and cut again.

Of a receipt with post-quantum signatures the stores keep `brief` in place of `encoded`: its encoding without them.
`intervals` says where in the whole encoding each belongs, how long it is, and its name; they are records of their own.
A whole receipt keeps `intervals`, so that it can be cut again: `digest` and `size` are those of the kept body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from globelet._native import receipts as native
from globelet.archiver.document import canonical, read

LONGEST, MOST = 16 * 1024, 1024
"""Bytes of an interval signature, and how many a receipt names, at most."""
_MARK = b'"intervals":['


class IntervalMissing(Exception):  # noqa: N818
    """A receipt names an interval signature that is not there (yet)."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the store has not the interval signature {name[:12]}… that the receipt names; it comes with the records "
            "before the receipt: wait until the archiver has caught up, and read again"
        )
        self.name = name


def names(body: Mapping[str, Any]) -> list[str]:
    """The names of the interval signatures that a kept body lacks; none for a whole one. Raises `ValueError`."""
    return [name for _, _, name in _cuts(body)] if "brief" in body else []


def whole(body: Mapping[str, Any], intervals: Mapping[str, bytes]) -> dict[str, Any]:
    """The whole body, given interval signatures by name; a body that is whole stays.

    Raises `IntervalMissing`, and `ValueError` where the body is none.
    """
    if "brief" not in body:
        return dict(body)
    text, made, begin, taken = _text(body, "brief"), [], 0, 0
    for at, length, name in _cuts(body):
        part = intervals.get(name)
        if part is None:
            raise IntervalMissing(name)
        end = 2 * (at - taken)
        if len(part) != length or not begin <= end <= len(text):
            raise ValueError(f"interval signature {name} does not fit")
        made += [text[begin:end], part.hex()]
        begin, taken = end, taken + length
    made.append(text[begin:])
    return {name: value for name, value in body.items() if name != "brief"} | {"encoded": "".join(made)}


def kept(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as the stores keep it, from a whole one. Names follow from what is cut out. Raises `ValueError`."""
    if "brief" in body or "intervals" not in body:
        return dict(body)
    text, made, named, begin = _text(body, "encoded"), [], [], 0
    for at, length, _ in _cuts(body):
        end = 2 * (at + length)
        if not begin <= 2 * at or end > len(text):
            raise ValueError("a cut lies outside of the encoding")
        made.append(text[begin : 2 * at])
        named.append({"at": at, "length": length, "name": name_of(bytes.fromhex(text[2 * at : end]))})
        begin = end
    made.append(text[begin:])
    told = {"brief": "".join(made), "intervals": named}
    return {name: value for name, value in body.items() if name not in ("encoded", "intervals")} | told


def encoded(body: bytes) -> bytes:
    """A canonical body as the stores keep it, canonical too; what is no receipt stays as it is."""
    if _MARK not in body:
        return body
    try:
        return canonical(kept(read(body)))
    except (ValueError, TypeError, AttributeError):
        return body


def name_of(interval: bytes) -> str:
    """The name of an interval signature's encoding, hexadecimal."""
    return native.name(interval)


def _text(body: Mapping[str, Any], field: str) -> str:
    text = body.get(field)
    if not isinstance(text, str):
        raise ValueError(f"the field {field} is no text")
    return text


def _cuts(body: Mapping[str, Any]) -> Sequence[tuple[int, int, str]]:
    """Place, length and name of each, ascending. Raises `ValueError`."""
    listed, found, upto = body.get("intervals"), [], 0
    if not isinstance(listed, list) or len(listed) > MOST:
        raise ValueError("the field intervals is no list, or too long")
    for told in listed:
        cut = told if isinstance(told, Mapping) else {}
        at, length, name = _whole(cut.get("at")), _whole(cut.get("length")), cut.get("name")
        if not isinstance(name, str) or at < upto or not 0 < length <= LONGEST:
            raise ValueError(f"{told!r} is no cut")
        found.append((at, length, name))
        upto = at + length
    return found


def _whole(value: object) -> int:
    """A whole number; -1 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
