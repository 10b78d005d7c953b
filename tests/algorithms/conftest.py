"""What tests of several algorithms share: NIST's known answers, as the package cryptography-vectors carries them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest


def records(name: str) -> Iterator[dict[str, bytes]]:
    """The records of a `.rsp` file: fields of hexadecimal digits by name."""
    record: dict[str, bytes] = {}
    for line in files("cryptography_vectors").joinpath("asymmetric", name).read_text(encoding="ascii").splitlines():
        field, _, value = (part.strip() for part in line.partition("="))
        if field == "count":
            if record:
                yield record
            record = {}
        elif field and not field.startswith("#") and not field.endswith("len"):
            record[field] = bytes.fromhex(value)
    if record:
        yield record


@pytest.fixture(scope="session")
def known_answers() -> Callable[[str], Iterator[dict[str, bytes]]]:
    """Reads a file of known answers by its name."""
    return records
