"""JSON as the stores keep it: by orjson where it is installed (extra `stores`), by the standard library elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


def read(text: bytes | str) -> Any:
    """A JSON document. Raises `ValueError`."""
    return json.loads(text) if orjson is None else orjson.loads(text)


def canonical(document: Mapping[str, Any]) -> bytes:
    """Compact JSON with sorted keys, all but ASCII escaped: the same bytes from either library. Raises `TypeError`."""
    if orjson is not None:
        try:
            made: bytes = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            pass  # a number beyond 64 bits, which the standard library can
        else:
            # orjson leaves DEL as it is, the standard library does not.
            if made.isascii() and b"\x7f" not in made:
                # orjson reserves eight times the text, and the copy that is kept must not.
                return bytes(memoryview(made))
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
