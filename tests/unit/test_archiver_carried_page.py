"""Pages of outboxes: what Rust reads of them is what Python's reader makes of each record, byte by byte."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from globelet.archiver.brief import name_of
from globelet.archiver.carried import carried, carried_page, key_of
from globelet.archiver.parquet import STAGES

pytestmark = pytest.mark.unit
TEXT = st.text() | st.sampled_from(["tokyo", "paris", "", '"', "\\", "é", "\x7f", "a\nb"])
WHOLE = st.integers(-(2**70), 2**70) | st.integers(0, 2**40)
ODD = st.none() | st.booleans() | st.floats() | TEXT | WHOLE | st.just([1, {"b": 2.5, "a": 1}])
HEX = st.binary(max_size=40).map(bytes.hex)
STAMPS = st.dictionaries(st.sampled_from(STAGES), WHOLE | st.fixed_dictionaries({}, optional={"micros": WHOLE}) | ODD)
RECEIPTS = st.fixed_dictionaries(
    {"id": HEX.filter(bool)},
    optional={
        "state": st.sampled_from(["credited", "anchored"]) | ODD,
        "source": TEXT,
        "destination": TEXT | ODD,
        "from": HEX,
        "to": HEX | ODD,
        "route": st.none() | TEXT,
        "amount": WHOLE | ODD,
        "stages": STAMPS | ODD,
        "encoded": HEX | TEXT | st.sampled_from(["AB", "abc", "0xab", "ab cd"]),
        "brief": HEX,
        "proofs": st.dictionaries(TEXT, ODD),
    },
)
INTERVALS = st.binary(min_size=1, max_size=40).map(
    lambda encoded: {"kind": "interval", "id": name_of(encoded), "encoded": encoded.hex()}
)
BLOCKS = st.fixed_dictionaries({"kind": st.sampled_from(["block", "root"]), "chain": TEXT, "height": WHOLE})
RECORDS = RECEIPTS.map(lambda found: {"kind": "receipt", "receipt": found}) | INTERVALS | BLOCKS
USUAL = {
    "kind": "receipt",
    "receipt": {
        "id": "5a",
        "to": "b1",
        "from": "a0",
        "state": "anchored",
        "source": "tokyo",
        "destination": "paris",
        "route": "backbone",
        "amount": 1250,
        "stages": {stage: {"micros": 10 + at} for at, stage in enumerate(STAGES)},
        "encoded": "5a" * 500,
    },
}


def told(records: list[dict], **more: int) -> bytes:
    numbered = [{"offset": at, **record} for at, record in enumerate(records, 1)]
    return json.dumps({"records": numbered, **more}, separators=(",", ":")).encode()


def slowly(records: list[dict]) -> list[tuple[int, bytes, bytes]]:
    read = orjson.loads(told(records))["records"]
    return [(record["offset"], key_of(record), carried("tokyo", record)) for record in read]


def finite(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return True


@given(st.lists(RECORDS.filter(finite), max_size=6))
def test_a_page_is_carried_as_each_of_its_records_is(records):
    found, upto, newest = carried_page("tokyo", told(records, next=9, newest=12), 3)
    assert found == slowly(records)
    assert (upto, newest) == (9, 12)


@pytest.mark.parametrize("kept", ["encoded", "brief"])
def test_a_usual_receipt_needs_no_slow_reader(monkeypatch, kept):
    receipt = dict(USUAL["receipt"])
    receipt[kept] = receipt.pop("encoded")
    records = [USUAL | {"receipt": receipt}]
    expected = slowly(records)
    monkeypatch.setattr("globelet.archiver.carried.carried", None)
    assert carried_page("tokyo", told(records), 0)[0] == expected


@pytest.mark.parametrize("process", ['to"kyo', "tōkyō", "to\\kyo"])
def test_a_process_of_an_unusual_name_is_carried_too(process):
    assert carried_page(process, told([USUAL]), 0)[0] == [(1, b"5a", carried(process, {"offset": 1, **USUAL}))]


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"records":5}',
        b'{"records":[5]}',
        b'{"records":[{"offset":"x"}]}',
        b'{"records":[],"next":2}',
        b'{"records":[],"next":true}',
        b'{"records":[],"next":null}',
        b'{"records":[],"newest":null}',
        b'{"records":[],"newest":1.5}',
        b'{"records":[' + b"[" * 10_000,
        '{"records":["é"]}'.encode("latin-1"),
    ],
)
def test_what_is_no_page_is_refused(page):
    with pytest.raises(ValueError, match=r"."):
        carried_page("tokyo", page, 3)
