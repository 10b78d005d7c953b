"""What the bus carries: packed bodies come back byte by byte, and what is no receipt is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globelet.archiver import dead_letter
from globelet.archiver.carried import carried, read, readable
from globelet.archiver.document import canonical
from globelet.archiver.packed import NotPacked, pack, size, unpack
from globelet.archiver.record import Place, record
from globelet.archiver.refusal import Poisoned

pytestmark = pytest.mark.unit
PLACE = Place("tokyo", 7, 1_795_000_000_000, 0, 8)
ENCODINGS = st.binary().map(bytes.hex) | st.text() | st.sampled_from(["AB", "ab cd", "abc", "", '"', "ab\\"])
BODIES = st.fixed_dictionaries(
    {"id": st.text(min_size=1)},
    optional={"encoded": ENCODINGS, "account": ENCODINGS, "proofs": st.dictionaries(st.just("encoded"), ENCODINGS)},
)


def outbox(receipt: dict) -> dict:
    return {"offset": 3, "kind": "receipt", "receipt": receipt}


@given(BODIES | st.dictionaries(st.text(), st.text()))
def test_a_packed_body_comes_back_byte_by_byte(body):
    whole = canonical(body)
    assert unpack(pack(whole)) == whole
    assert size(pack(whole)) == len(whole)


def test_an_encoding_takes_half():
    assert len(pack(canonical({"id": "a", "encoded": "5a" * 10_000}))) < 10_100


@given(BODIES)
def test_the_bus_carries_the_record_that_the_outbox_has(receipt):
    found = outbox(receipt)
    carries = read(PLACE, carried("tokyo", found))
    assert carries == record(PLACE, found)
    assert carries.body == canonical(receipt)
    assert carries.size == len(carries.body)


@pytest.mark.parametrize("receipt", [{"id": 7}, {"state": "credited"}, {"id": "a", "amount": 2**63}, [], None])
def test_what_no_columns_can_be_read_of_goes_as_it_is_and_is_refused(receipt):
    value = carried("tokyo", outbox(receipt))
    assert json.loads(value) == outbox(receipt) | {"process": "tokyo"}
    with pytest.raises(Poisoned):
        read(PLACE, value)


def test_a_block_goes_as_json():
    block = {"offset": 4, "kind": "root", "chain": "globe", "height": 3, "hash": "ab", "items": 1, "micros": 2}
    value = carried("globe", block)
    assert json.loads(value) == block | {"process": "globe"}
    assert read(PLACE, value).row["height"] == 3


@given(st.data())
def test_a_damaged_value_is_refused_or_is_a_whole_record(data):
    value = carried("tokyo", outbox({"id": "a", "encoded": "5a" * 40, "amount": 5}))
    cut = data.draw(st.integers(0, len(value) - 1))
    at, byte = data.draw(st.integers(0, len(value) - 1)), data.draw(st.integers(0, 255))
    with pytest.raises(Poisoned):
        read(PLACE, value[:cut])
    try:
        found = read(PLACE, value[:at] + bytes([byte]) + value[at + 1 :])
    except Poisoned:
        return
    assert found.size == len(found.body)


@pytest.mark.parametrize("packed", [b"\x01", b"\x01" + b"\xff" * 8, b"\x01" + bytes(7)])
def test_what_was_never_packed_is_told(packed):
    with pytest.raises(NotPacked):
        unpack(packed)


def test_a_dead_letter_is_readable_and_its_record_is_the_same_on_the_bus_again():
    value = carried("tokyo", outbox({"id": "a", "encoded": "5a" * 40, "state": "anchored"}))
    letter = dead_letter.letter("mongodb", PLACE, b"a", value, Poisoned("schema_refused", "why", "mend"))
    assert json.loads(letter.record or "")["receipt"]["encoded"] == "5a" * 40
    assert read(PLACE, letter.value) == read(PLACE, value)
    assert readable(b"\x02nonsense") == b"\x02nonsense"
