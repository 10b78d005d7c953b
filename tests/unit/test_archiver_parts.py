"""The archiver's parts that need no store: records, positions, progress, the spill, minutes, letters."""

from __future__ import annotations

import io
import json
import time
from random import Random

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from globelet.archiver import archived, dead_letter, digests, document
from globelet.archiver.bus import Position
from globelet.archiver.carried import key_of
from globelet.archiver.dead_letter import DeadLetter
from globelet.archiver.dynamodb import item, too_large
from globelet.archiver.minute import Minute
from globelet.archiver.mongodb import document as mongo_document
from globelet.archiver.progress import Progress, Track
from globelet.archiver.record import Place, newest, parse, record
from globelet.archiver.refusal import Poisoned, Unset
from globelet.archiver.settings import Settings
from globelet.archiver.spill import Spill, before

pytestmark = pytest.mark.unit
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.text() | st.integers(), st.lists))


def place(bus: int, process: str = "tokyo", **more: object) -> Place:
    return Place(process, bus, 1_795_000_000_000 + bus, 0, bus + 1, **more)


def receipt(number: int, length: int = 10) -> dict:
    stages = {"admitted": {"micros": 1_000_000 + number, "counter": 0}, "credited": {"micros": 2_000_500, "counter": 1}}
    order = {"from": "aa", "to": "bb", "source": "tokyo", "destination": "paris", "amount": 5}
    return {"id": f"{number:064x}", "state": "credited", "stages": stages, "encoded": "0" * length} | order


def made(bus: int, number: int = 1, length: int = 10, **more: object):
    return record(place(bus, **more), {"kind": "receipt", "receipt": receipt(number, length)})


@example({"\x7f": None})
@given(DOCUMENTS)
def test_the_canonical_body_is_what_the_standard_library_writes(found):
    assert document.canonical(found) == json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"{", "not_json"),
        (None, "not_json"),
        (b"[1]", "not_json"),
        (b"{}", "field_missing"),
        (b'{"kind":"receipt"}', "field_missing"),
        (b'{"kind":"receipt","receipt":{"state":"x"}}', "field_missing"),
        (b'{"kind":"receipt","receipt":{"id":7}}', "malformed"),
        (b'{"kind":"receipt","receipt":[]}', "malformed"),
        (b'{"kind":"receipt","receipt":{"id":"a","amount":9223372036854775808}}', "malformed"),
        (b'{"kind":"receipt","receipt":{"id":"a","source":3}}', "malformed"),
        (b'{"kind":"comet"}', "malformed"),
        (b'{"kind":"block","chain":"x"}', "field_missing"),
    ],
)
def test_what_is_no_record_is_told_by_a_code_and_a_mend(value, code):
    with pytest.raises(Poisoned) as refused:
        record(place(1), parse(value))
    assert refused.value.code == code
    assert refused.value.mend


def test_a_row_is_the_same_in_every_store():
    found = made(3)
    assert found.row["credited_us"] == 2_000_500
    assert found.row["refunded_us"] is None
    stored = mongo_document(found)
    assert stored["credited_ms"] == 2_000
    assert stored["_id"] == found.id
    attributes = item(found)
    assert attributes["amount"] == {"N": "5"}
    assert "refunded_us" not in attributes
    assert attributes["bus"] == {"S": "tokyo:3"}


def test_of_several_versions_the_longest_is_kept_in_the_order_of_the_bus():
    records = [made(1, 1, 10), made(2, 2, 10), made(3, 1, 30), made(4, 1, 20)]
    assert [(r.place.bus, len(r.body)) for r in newest(records)] == [
        (2, len(records[1].body)),
        (3, len(records[2].body)),
    ]


def test_a_position_comes_back_from_its_note():
    at = Position(9, 2, 77)
    assert Position.noted(9, at.note) == at
    assert Position.noted(9, None) == Position(9)
    assert Position.noted(9, "strange") == Position(9)


def test_archived_is_what_both_stores_have_in_the_generation_that_is_published():
    progress = Progress(["tokyo"])
    assert progress.archived("tokyo", archived.STORES) == 0
    progress.generations["tokyo"] = 1
    progress.track("dynamodb", "tokyo").settle(Position(10, 1, 8))
    progress.track("mongodb", "tokyo").settle(Position(30, 0, 28))
    assert progress.archived("tokyo", archived.STORES) == 0
    progress.track("mongodb", "tokyo").settle(Position(12, 1, 5))
    assert progress.archived("tokyo", archived.STORES) == 5


def test_the_age_is_that_of_the_oldest_record_that_is_not_stored():
    track, now = Track(), time.time()
    track.end = 30
    track.taken(0, int(now * 1000) - 9_000)
    track.taken(10, int(now * 1000) - 4_000)
    assert track.age(now) == pytest.approx(9, abs=0.1)
    track.settle(Position(10))
    assert track.age(now) == pytest.approx(4, abs=0.1)
    assert track.lag == 20
    track.settle(Position(30))
    assert (track.lag, track.age(now)) == (0, 0.0)


def test_a_store_gives_way_where_much_waits_for_it_and_more_for_another_that_works():
    progress = Progress(["tokyo", "paris"])
    assert not progress.ahead("s3"), "nothing is known yet"
    for process in progress.processes:
        for store in ("s3", "dynamodb"):
            progress.track(store, process).end = 5_000
    progress.passed("dynamodb", {"tokyo": Position(1_000), "paris": Position(500)})
    progress.passed("s3", {"tokyo": Position(2_000), "paris": Position(1_500)})
    assert not progress.ahead("s3"), "not far enough"
    progress.passed("s3", {"tokyo": Position(2_000), "paris": Position(1_501)})
    assert progress.ahead("s3")
    assert not progress.ahead("dynamodb"), "the last goes on"
    progress.passed("s3", {"tokyo": Position(5_000), "paris": Position(3_000)})
    assert not progress.ahead("s3"), "little waits for it"
    progress.passed("s3", {"tokyo": Position(5_000), "paris": Position(2_000)})
    assert progress.ahead("s3")
    progress.troubles["dynamodb"] = "it is away"
    assert not progress.ahead("s3"), "for one that does not work nobody waits"


def test_metrics_are_those_that_were_promised():
    progress = Progress(["tokyo"])
    progress.track("s3", "tokyo").end = 4
    progress.count("s3", 3)
    progress.died("mongodb", "tokyo")
    text = progress.metrics()
    assert 'globelet_archiver_lag_records{store="s3",process="tokyo"} 4' in text
    assert 'globelet_archiver_age_seconds{store="s3",process="tokyo"} 0.000' in text
    assert 'globelet_archiver_records_total{store="s3"} 3' in text
    assert 'globelet_dead_letters_total{process="tokyo",store="mongodb"} 1' in text


def test_the_spill_keeps_order_and_says_what_waits_first(tmp_path):
    spill = Spill(tmp_path / "spill", 60)
    first, second, other = made(1, 1), made(2, 2), made(7, 3, process="paris")
    for one in (first, second, other):
        spill.add(one)
    assert spill.full
    assert [r.body for r in spill.first(2)] == [first.body, second.body]
    assert spill.earliest() == {"tokyo": first.place, "paris": other.place}
    spill.drop(1)
    assert [r.body for r in spill.first(9)] == [second.body, other.body]
    assert before(second.place) == Position(2, 0, 2)
    spill.drop(2)
    assert not spill.full
    assert len(spill) == 0
    spill.close()
    assert not (tmp_path / "spill").exists()


def test_a_minute_becomes_one_file_with_the_longest_version_of_each_receipt(tmp_path):
    minute = Minute(tmp_path, place(5), 29_916_666, tail=False)
    long = made(6, 1, 90)
    for one in (made(5, 1, 10), long, made(7, 1, 20), *(made(10 + n, 10 + n) for n in range(300))):
        minute.add(one)
    minute.add(
        record(place(8), {"kind": "block", "chain": "tokyo", "height": 4, "hash": "ab", "items": 1, "micros": 7})
    )
    found = {key: pq.read_table(io.BytesIO(path.read_bytes())).to_pylist() for key, path in minute.files()}
    assert set(found) == {f"{k}/chain=tokyo/day=2026-11-18/1106.parquet" for k in ("receipts", "blocks")}
    rows = {row["id"]: row for row in next(rows for key, rows in found.items() if key.startswith("receipts"))}
    assert len(rows) == 301
    assert rows[long.id] == long.row | {"body": long.body}
    minute.close()
    assert not list(tmp_path.iterdir())
    assert Minute(tmp_path, place(5), 29_916_666, tail=True).key("blocks").endswith("/1106-5.parquet")


def test_a_letter_keeps_what_is_no_text_and_is_the_same_when_it_is_refused_again():
    why = Poisoned("not_json", "it is not", "mend it")
    one = dead_letter.letter("s3", place(4), b"k", b"\xff\x00", why)
    assert one.value == b"\xff\x00"
    again = dead_letter.letter("s3", place(90, replay=one.key), b"k", b"\xff\x00", why)
    assert (again.key, one.open, one.replaying().replayed().open) == (one.key, True, False)
    assert DeadLetter(**json.loads(json.dumps(one.__dict__))) == one
    assert dead_letter.letter("s3", place(4), b"k", b"other", why).key != one.key


def test_items_beyond_the_limit_of_dynamodb_are_told_before_they_are_sent():
    assert too_large(made(1)) is None
    assert too_large(made(1, 1, 3_000_000)) is None
    big = record(place(1), {"kind": "receipt", "receipt": receipt(1) | {"encoded": Random(1).randbytes(450_000).hex()}})
    told = too_large(big)
    assert told is not None
    assert told.code == "oversized"


def block(bus: int, height: int, kind: str, process: str = "globe"):
    told = {"kind": kind, "chain": process, "height": height, "hash": f"h{height}"}
    return record(place(bus, process), told)


def test_the_ledger_is_told_of_receipts_and_roots_in_one_item_per_process():
    early, late, other = made(1, 1, 10), made(3, 1, 30), made(2, 2, process="paris")
    items = digests.items([early, other, late, block(5, 3, "root"), block(6, 4, "block")])
    assert [(one["id"]["S"], one["bus"]["S"]) for one in items] == [
        ("tokyo", "tokyo:3"),
        ("paris", "paris:2"),
        ("globe", "globe:6"),
    ]
    wanted = {f"receipt:{late.id}": late.row["digest"], f"receipt:{other.id}": other.row["digest"], "root:3": "h3"}
    assert digests.told(items) == wanted
    assert digests.reached(items) == {"tokyo": 3, "paris": 2, "globe": 6}
    assert digests.items([block(7, 5, "block")]) == []
    assert digests.told([{}]) == digests.reached([{}]) == {}


def test_more_digests_than_an_item_holds_go_into_several():
    records = [made(number, number) for number in range(digests.MOST + 1)]
    items = digests.items(records)
    assert [one["bus"]["S"] for one in items] == [f"tokyo:{digests.MOST - 1}", f"tokyo:{digests.MOST}"]
    assert all(len(one["entries"]["S"]) < 400 * 1024 for one in items)
    assert len(digests.told(items)) == len(records)


def test_a_key_is_the_transfers_or_the_blocks():
    assert key_of({"receipt": {"id": "ab"}}) == b"ab"
    assert key_of({"chain": "tokyo", "height": 3}) == b"tokyo:3"
    assert key_of({"receipt": 3}) == b""


def test_settings_say_which_variable_is_missing():
    with pytest.raises(Unset, match="AWS_ACCESS_KEY_ID") as refused:
        Settings.read({})
    assert (refused.value.code, refused.value.exit_status) == ("unset", 4)
    env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "GLOBELET_IMMUDB_PASSWORD": "c"}
    found = Settings.read(env | {"GLOBELET_WORLD": "tokyo-paris", "GLOBELET_STATE": "/state"})
    assert (found.topic("tokyo"), found.database) == ("globelet.tokyo-paris.tokyo", "globelet_tokyo_paris")
    assert (found.table("receipts"), str(found.folder)) == ("globelet-tokyo-paris-receipts", "/state/archiver")
    assert Settings.read({}, secrets=False).secret_key == ""
