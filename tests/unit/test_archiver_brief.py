"""Receipts without what they share: whole again byte by byte, missing parts named, in every store that keeps them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random

import pyarrow
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from globelet.analysis import audit, columns, open_archive, shared
from globelet.archiver import brief, digests
from globelet.archiver.brief import IntervalMissing
from globelet.archiver.carried import carried, key_of, read, readable
from globelet.archiver.document import canonical
from globelet.archiver.dynamodb import INTERVAL_LIFE_S, LIFE_S, item
from globelet.archiver.minute import Minute
from globelet.archiver.record import Place, newest, record
from globelet.archiver.refusal import Poisoned
from globelet.archiver.store import Store
from globelet.bench.archive_outbox import Told, template

pytestmark = pytest.mark.unit
PLACE = Place("tokyo", 7, 1_795_000_000_000, 0, 8)
SIGNED = [Random(n).randbytes(3_359) for n in range(3)]
NAMES = [brief.name_of(one) for one in SIGNED]
BY_NAME = dict(zip(NAMES, SIGNED, strict=True))


def entire(number: int = 1, signed: list[bytes] = SIGNED) -> dict:
    """A whole receipt: some bytes of its own, and between them what it shares."""
    encoded, cuts = Random(number).randbytes(400), []
    for one in signed:
        cuts.append({"at": len(encoded), "length": len(one), "name": brief.name_of(one)})
        encoded += one + Random(number).randbytes(70)
    stages = {"admitted": {"micros": 5, "counter": 0}, "credited": {"micros": 9, "counter": 0}}
    return {"id": f"{number:064x}", "state": "credited", "stages": stages} | {
        "encoded": encoded.hex(),
        "intervals": cuts,
    }


def outbox(number: int, offset: int = 1) -> list[dict]:
    """The records of a receipt, as an outbox has them."""
    told = [
        {"offset": offset + n, "kind": "interval", "id": name, "encoded": BY_NAME[name].hex()}
        for n, name in enumerate(NAMES)
    ]
    return [*told, {"offset": offset + 3, "kind": "receipt", "receipt": brief.kept(entire(number))}]


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=5), st.integers(0, 2**16))
def test_a_receipt_is_whole_again(signed, number):
    made = entire(number, signed)
    kept = brief.kept(made)
    assert brief.names(kept) == [brief.name_of(one) for one in signed]
    assert brief.whole(kept, {brief.name_of(one): one for one in signed}) == made
    assert brief.kept(kept) == kept
    assert brief.encoded(canonical(made)) == canonical(kept)


def test_most_of_a_receipt_is_shared_and_its_digest_is_that_of_what_is_kept():
    made, kept = entire(), brief.kept(entire())
    assert len(canonical(kept)) * 5 < len(canonical(made))
    assert columns.digest(columns.canonical(made)) == columns.digest(columns.canonical(kept))
    assert columns.flat("tokyo", made) == columns.flat("tokyo", kept) == record(PLACE, outbox(1)[3]).row


@pytest.mark.parametrize("place", [0, 500, 900, 7_000, 20_900])
def test_a_change_anywhere_is_another_digest(place):
    made = entire()
    text = made["encoded"]
    made["encoded"] = text[:place] + f"{int(text[place], 16) ^ 1:x}" + text[place + 1 :]
    assert columns.digest(columns.canonical(made)) != columns.digest(columns.canonical(entire()))


def test_what_is_missing_is_named():
    with pytest.raises(IntervalMissing, match=NAMES[1][:12]):
        brief.whole(brief.kept(entire()), {name: BY_NAME[name] for name in (NAMES[0], NAMES[2])})


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(brief=5),
        lambda b: b.update(intervals={}),
        lambda b: b["intervals"].reverse(),
        lambda b: b["intervals"][0].update(at=-1),
        lambda b: b["intervals"][0].update(at=True),
        lambda b: b["intervals"][1].update(length=3_358),
        lambda b: b["intervals"][2].update(at=10**9),
        lambda b: b["intervals"][2].update(length=10**9),
        lambda b: b["intervals"].append("ab"),
        lambda b: b.update(intervals=b["intervals"] * 400),
    ],
)
def test_a_body_that_is_none_is_refused(change):
    kept = brief.kept(entire())
    change(kept)
    with pytest.raises(ValueError):  # noqa: PT011  (the sentence differs, and is for nobody)
        brief.whole(kept, BY_NAME)
    body = columns.canonical(kept)
    assert shared.whole(_Nowhere(), {"a": body}) == {"a": body}


class _Nowhere:
    """A source without interval signatures."""

    def intervals(self, names: object) -> dict[str, bytes]:
        return {}


def test_the_bus_carries_an_interval_signature_once_and_as_bytes():
    told = outbox(1)[0]
    value = carried("tokyo", told)
    assert len(value) == len(SIGNED[0]) + 1
    found = read(PLACE, value)
    assert (found.kind, found.id, found.packed, found.size) == ("interval", NAMES[0], SIGNED[0], 0)
    assert found == record(PLACE, json.loads(readable(value)))
    assert key_of(told) == NAMES[0].encode()
    assert len(newest([found, found, read(PLACE, carried("tokyo", outbox(1)[3]))])) == 2
    assert digests.items([found]) == []


@pytest.mark.parametrize(
    "changed",
    [{"id": NAMES[1]}, {"encoded": ""}, {"encoded": "zz"}, {"encoded": "00" * 20_000}, {"encoded": 5}],
)
def test_what_is_no_interval_signature_is_refused(changed):
    value = carried("tokyo", outbox(1)[0] | changed)
    assert value[:1] == b"{"
    with pytest.raises(Poisoned) as refused:
        read(PLACE, value)
    assert refused.value.code == "malformed"
    with pytest.raises(Poisoned):
        read(PLACE, b"\x03")


def test_dynamodb_keeps_it_longer_than_the_receipts_that_name_it():
    signed, receipt = (item(record(PLACE, one)) for one in (outbox(1)[0], outbox(1)[3]))
    at = PLACE.at_ms // 1000
    assert (signed["id"]["S"], signed["expires_at"]["N"]) == (NAMES[0], str(at + INTERVAL_LIFE_S))
    assert receipt["expires_at"]["N"] == str(at + LIFE_S)


def test_a_minute_has_an_object_of_what_its_receipts_share_before_theirs(tmp_path):
    minute = Minute(tmp_path, PLACE, PLACE.at_ms // 60_000, tail=False)
    for one in [*outbox(1), *outbox(2)]:
        minute.add(record(PLACE, one))
    written = {key: pq.read_table(io.BytesIO(path.read_bytes())).to_pylist() for key, path in minute.files()}
    minute.close()
    first, second = written
    assert (first.split("/")[0], second.split("/")[0]) == ("intervals", "receipts")
    assert {row["id"]: row["body"] for row in written[first]} == BY_NAME
    assert len(written[first]) == 3
    for key, rows in written.items():
        path = tmp_path / "s3" / key
        path.parent.mkdir(parents=True)
        pq.write_table(pyarrow.Table.from_pylist(rows), path)
    _whole_in(open_archive("w", parquet=tmp_path / "s3"))


def test_the_embedded_store_hands_out_whole_receipts(tmp_path):
    store = Store(tmp_path / "archive" / "archive.sqlite")
    store.write("tokyo", [*outbox(1), *outbox(2, 5)], 8)
    assert store.counts() == {"receipts": 2, "documents": 3, "dead_letters": 0}
    assert store.receipt(f"{2:064x}") == entire(2)
    store.close()
    _whole_in(open_archive(root=tmp_path))


def _whole_in(archive) -> None:
    ids = [f"{n:064x}" for n in (1, 2)]
    bodies = archive.bodies(ids)
    assert {order: json.loads(body) for order, body in bodies.items()} == {i: entire(n) for n, i in enumerate(ids, 1)}
    assert audit.digests(archive.receipts(), bodies).holds is True


def test_a_receipt_whose_shared_part_has_not_come_waits_and_is_not_broken(tmp_path):
    store = Store(tmp_path / "archive" / "archive.sqlite")
    *told, receipt = outbox(1)
    store.write("tokyo", [*told[:2], receipt], 4)
    with pytest.raises(IntervalMissing):
        store.receipt(f"{1:064x}")
    archive = open_archive(root=tmp_path)
    bodies = archive.bodies([f"{1:064x}"])
    assert NAMES[0][:12] in str(shared.lacks(bodies[f"{1:064x}"]))
    assert audit.digests(archive.receipts(), bodies).holds is True
    store.write("tokyo", told, 4)
    store.close()
    assert json.loads(archive.bodies(list(bodies))[f"{1:064x}"]) == entire()
    assert Path(tmp_path).is_dir()


def test_the_benchmark_tells_every_kind_in_its_share():
    told = Told("tokyo", [template(brief.kept(entire()))], SIGNED, 1_000, None, signed_every=83)
    page = json.loads(told.page(0, 1_000))
    kinds = [one["kind"] for one in page["records"]]
    assert kinds[:3] == ["interval"] * 3
    for upto in (0, 2, 3, 50, 83, 500, len(kinds)):
        assert told.receipts(upto) == kinds[:upto].count("receipt")
    for one in page["records"]:
        assert read(PLACE, carried("tokyo", one)).kind == one["kind"]
    assert json.loads(told.page(0, 1_000)) == page
