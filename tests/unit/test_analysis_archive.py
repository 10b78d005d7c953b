"""Archives read from real files: the same columns and values whatever they lie in, and what cannot be read is named."""

import json
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pandas
import pyarrow
import pytest
from pyarrow import parquet as pq

from globelet.analysis import columns, open_archive
from globelet.analysis import links as links_frame
from globelet.analysis.archive import Archive
from globelet.analysis.errors import (
    BadChoice,
    ExtraMissing,
    NoArchive,
    OtherSchema,
    StoreAway,
    WrongCredentials,
)
from globelet.analysis.objects import HalfWrittenWarning
from globelet.archiver import record
from globelet.archiver.store import Store

pytestmark = pytest.mark.unit
SECOND = 1_000_000


def body(number: int, **changes) -> dict:
    admitted = 1_700_000_000 * SECOND + number * SECOND
    return {
        "id": f"{number:064x}",
        "kind": "transfer",
        "state": "credited",
        "source": "tokyo",
        "destination": "paris",
        "from": "aa" * 32,
        "to": "bb" * 32,
        "amount": 2**53 + number,
        "route": "backbone",
        "stages": {
            "admitted": {"micros": admitted, "counter": 0},
            "credited": {"micros": admitted + 128_000, "counter": 3},
        },
    } | changes


def opening(number: int) -> dict:
    return {"id": f"{number:064x}", "kind": "opening", "state": "admitted", "stages": {"admitted": {"micros": number}}}


BLOCKS = [
    {"kind": "block", "chain": "tokyo", "height": 1, "hash": "ab", "items": 3, "micros": 7},
    {"kind": "block", "chain": "tokyo", "height": 2, "hash": "cd", "items": 1, "micros": 9},
    {"kind": "root", "chain": "globe", "height": 1, "hash": "ef", "items": 2, "micros": 11},
]


def embedded(root: Path, bodies: list[dict]) -> Archive:
    store = Store(root / "archive" / "archive.sqlite")
    records = [{"kind": "receipt", "offset": i, "receipt": one} for i, one in enumerate(bodies, 1)]
    store.write("tokyo", [*records, *({**b, "offset": 90 + i} for i, b in enumerate(BLOCKS))], 99)
    store.close()
    return open_archive(root=root)


def minute(folder: Path, name: str, bodies: list[dict], process: str = "tokyo") -> Path:
    """One object as the archiver writes it."""
    rows = [columns.flat(process, one) | {"body": columns.canonical(one)} for one in bodies]
    return written(
        folder / f"receipts/chain={process}/day=2026-11-21/{name}.parquet", rows, (*columns.RECEIPTS, "body")
    )


def written(path: Path, rows: list[dict], names: tuple[str, ...]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pyarrow.table({n: [row[n] for row in rows] for n in names}), path, compression="zstd")
    return path


def blocks(folder: Path) -> None:
    rows = [columns.block(one) for one in BLOCKS]
    for chain in ("tokyo", "globe"):
        path = folder / f"blocks/chain={chain}/day=2026-11-21/0700.parquet"
        written(path, [row for row in rows if row["chain"] == chain], columns.BLOCKS)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No variable of the environment names a store."""
    for name in [n for n in os.environ if n.startswith(("GLOBELET_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GLOBELET_STATE", str(tmp_path / "nothing"))
    return monkeypatch


def test_the_same_receipts_give_the_same_frame_from_sqlite_and_from_parquet(tmp_path, bare):
    bodies = [body(3), body(1), opening(5), body(2, state="refunded")]
    minute(tmp_path / "s3", "0700", bodies[:2])
    minute(tmp_path / "s3", "0701", bodies[2:])
    blocks(tmp_path / "s3")
    one, other = embedded(tmp_path / "state", bodies), open_archive(parquet=tmp_path / "s3")
    assert tuple(one.receipts().columns) == columns.RECEIPTS
    assert tuple(one.blocks().columns) == columns.BLOCKS
    for read in ("receipts", "transfers", "blocks", "roots"):
        mine, theirs = getattr(one, read)(), getattr(other, read)()
        assert len(mine)
        pandas.testing.assert_frame_equal(mine, theirs, check_exact=True)
    assert (
        one.bodies([bodies[0]["id"]])
        == other.bodies([bodies[0]["id"]])
        == {bodies[0]["id"]: columns.canonical(bodies[0])}
    )


def test_values_are_exact_and_missing_ones_are_missing(tmp_path, bare):
    frame = embedded(tmp_path, [body(1), opening(5)]).receipts().set_index("id")
    paid, opened = frame.loc[f"{1:064x}"], frame.loc[f"{5:064x}"]
    assert (paid["amount"], paid["route"]) == (2**53 + 1, "backbone")
    assert paid["credited_us"] - paid["admitted_us"] == 128_000
    assert paid["digest"] == columns.digest(columns.canonical(body(1)))
    assert paid["size"] == len(columns.canonical(body(1)))
    assert opened[["source", "payer", "amount", "route", "credited_us"]].isna().all()


def test_the_columns_are_those_that_the_archiver_writes():
    for one in (body(1), opening(5), body(2, **{"from": "çé"})):
        encoded = record.canonical(one)
        assert encoded == columns.canonical(one)
        assert record.receipt_row("tokyo", one, encoded) == columns.flat("tokyo", one)
    assert [record.block_row(one) for one in BLOCKS] == [columns.block(one) for one in BLOCKS]


def test_a_later_and_longer_version_of_a_receipt_counts_wherever_it_lies(tmp_path, bare):
    early, late = body(1, state="anchored"), body(1, state="anchored", checkpoint="there")
    minute(tmp_path, "0700", [late])
    minute(tmp_path, "0701", [early, body(2)])
    archive = open_archive(parquet=tmp_path)
    found = archive.receipts()
    assert list(found["id"]) == [f"{1:064x}", f"{2:064x}"]
    assert found["digest"][0] == columns.digest(columns.canonical(late))
    assert json.loads(archive.bodies([late["id"]])[late["id"]]) == late


def test_receipts_since_a_time(tmp_path, bare):
    minute(tmp_path / "s3", "0700", [body(1), body(2)])
    for archive in (embedded(tmp_path / "state", [body(1), body(2)]), open_archive(parquet=tmp_path / "s3")):
        assert list(archive.receipts(body(2)["stages"]["admitted"]["micros"])["id"]) == [f"{2:064x}"]


def test_ladders_of_some_transfers_from_either(tmp_path, bare):
    minute(tmp_path / "s3", "0700", [body(1), body(2)])
    stages = body(2)["stages"]
    wanted = [f"{2:064x}", "ab"]
    assert embedded(tmp_path / "state", [body(1), body(2)]).stages(wanted) == {wanted[0]: {"stages": stages}}
    whole = {name: stamp["micros"] for name, stamp in stages.items()}
    assert open_archive(parquet=tmp_path / "s3").stages(wanted) == {wanted[0]: {"stages": whole}}


@pytest.mark.parametrize("damage", ["cut", "empty", "other", "no_id"])
def test_an_object_that_is_not_whole_is_named_and_the_rest_is_read(tmp_path, bare, damage):
    minute(tmp_path, "0700", [body(1)])
    torn = minute(tmp_path, "0701", [body(2)])
    if damage == "no_id":
        written(torn, [{"x": 1}], ("x",))
    else:
        torn.write_bytes({"cut": torn.read_bytes()[:-20], "empty": b"", "other": b"<html>not found</html>"}[damage])
    archive = open_archive(parquet=tmp_path)
    with pytest.warns(HalfWrittenWarning, match=r"1 of the Parquet objects .*not whole(.|\n)*0701\.parquet: "):
        found = archive.receipts()
    assert list(found["id"]) == [f"{1:064x}"]
    assert [Path(one.name).name for one in archive.skipped] == ["0701.parquet"]
    torn.unlink()
    archive.receipts()
    assert archive.skipped == []


def test_the_parquet_files_of_the_embedded_archive_are_read_too(tmp_path, bare):
    names = ("id", "state", "source", "destination", "amount", *columns.STAMPS)
    written(tmp_path / "tokyo/20261121T0700.parquet", [columns.flat("-", body(1))], names)
    found = open_archive(parquet=tmp_path).receipts()
    assert list(found["process"]) == ["tokyo"]
    assert found["amount"][0] == 2**53 + 1
    assert found["digest"].isna().all()


def test_a_query_of_duckdb_over_the_same_tables(tmp_path, bare):
    archive = embedded(tmp_path, [body(1), body(2)])
    found = archive.sql("SELECT source, count(*) AS n, min(credited_us - admitted_us) AS us FROM receipts GROUP BY 1")
    assert found.to_dict("records") == [{"source": "tokyo", "n": 2, "us": 128_000}]


def test_what_is_not_there_is_told_with_the_mend(tmp_path, bare):
    with pytest.raises(NoArchive, match=r"archive\.sqlite is not there; `globelet up mine`"):
        Archive("mine", tmp_path)
    with pytest.raises(FileNotFoundError):
        Archive("mine", tmp_path)
    with pytest.raises(NoArchive, match="no folder"):
        open_archive(parquet=tmp_path / "none")
    with pytest.raises(NoArchive, match="no Parquet objects"):
        open_archive(parquet=tmp_path).receipts()
    with pytest.raises(BadChoice, match="mongo and s3 name different stores"):
        open_archive(mongo="mongodb://127.0.0.1", s3="http://127.0.0.1:9")


@pytest.mark.parametrize("scheme", ["CREATE TABLE receipts (id, process)", "CREATE TABLE other (id)"])
def test_a_file_of_another_version_is_told(tmp_path, bare, scheme):
    (tmp_path / "archive").mkdir()
    with sqlite3.connect(tmp_path / "archive" / "archive.sqlite") as db:
        db.execute(scheme)
    with pytest.raises(OtherSchema, match=r"no body.* in its table receipts|no body, id"):
        open_archive(root=tmp_path).receipts()
    (tmp_path / "archive" / "archive.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(OtherSchema, match="not an archive of this version"):
        open_archive(root=tmp_path).receipts()


def test_the_environment_chooses_the_store(bare):
    bare.setenv("GLOBELET_MONGO_URL", "mongodb://127.0.0.1:9")
    assert open_archive().source.store == "MongoDB"
    bare.delenv("GLOBELET_MONGO_URL")
    bare.setenv("GLOBELET_S3_URL", "http://127.0.0.1:9")
    with pytest.raises(WrongCredentials, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_archive()
    bare.setenv("AWS_ACCESS_KEY_ID", "globelet")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "globelet-secret")
    assert open_archive().source.store == "Parquet on S3"


def test_a_store_that_is_away_is_told_without_its_password(bare):
    with pytest.raises(StoreAway, match=r"MongoDB at 127\.0\.0\.1:9 does not answer") as told:
        open_archive(mongo="mongodb://me:hidden@127.0.0.1:9/").receipts()
    assert "hidden" not in str(told.value)
    bare.setenv("AWS_ACCESS_KEY_ID", "globelet")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    with pytest.raises(StoreAway, match=r"S3 at 127\.0\.0\.1:9 does not answer") as told:
        open_archive(s3="http://127.0.0.1:9").receipts()
    assert "hidden" not in str(told.value)
    with pytest.raises(BadChoice, match="http://HOST:PORT"):
        open_archive(s3="127.0.0.1:9000")


def test_a_missing_extra_is_named():
    with pytest.raises(ExtraMissing, match=r"`pip install 'globelet\[lab\]'`") as told:
        columns.lab("globelet_no_such_package")
    assert (told.value.code, told.value.exit_status) == ("extra_missing", 4)
    with pytest.raises(ExtraMissing, match=r"globelet\[stores\]"):
        columns.lab("globelet_no_such_package", "stores")


def test_declared_links_beside_measured_ones(tmp_path, bare):
    archive = embedded(tmp_path, [body(1)])
    bare.chdir(tmp_path)
    links = archive.links()
    assert links["route"].value_counts().to_dict() == {"backbone": 36, "internet": 18}
    assert links["measured_p50_ms"].isna().all()
    assert links["true"].isna().all()
    there = links.set_index(list(links_frame.ENDS)).loc[("tokyo", "paris", "backbone")]
    assert there["declared_ms"] == archive.world.link("tokyo", "paris").delay_us / 1000
    row = {
        "from": "tokyo",
        "to": "paris",
        "process": "paris",
        "samples": 9,
        "p50_ms": there["declared_ms"],
        "p99_ms": 130.0,
    }
    live = archive.links([row, row | {"to": "tokyo", "p50_ms": 500.0}]).set_index(list(links_frame.ENDS))
    assert live.loc[("tokyo", "paris", "backbone"), "measured_p99_ms"] == 130.0
    assert live.loc[("tokyo", "paris", "internet")].isna()["measured_p99_ms"]
    assert list(live["true"].dropna()) == [False, True]


def test_the_newest_result_of_the_world_gives_the_measured_links(tmp_path, bare):
    bare.chdir(tmp_path)
    for name, world, p50 in (("a", "tokyo-paris", 110.0), ("b", "other", 1.0)):
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        (folder / "world.yaml").write_text(f"name: {world}\n")
        head = "from,to,declared_ms,measured_p50_ms,measured_p99_ms,within_tolerance"
        (folder / "links.csv").write_text(f"{head}\ntokyo,paris,109.65,{p50},120.5,True\n")
    links = embedded(tmp_path, [body(1)]).links()
    assert links["measured_p50_ms"].dropna().tolist() == [110.0]


def test_names_load_on_first_use():
    import globelet.analysis

    assert globelet.analysis.Archive is Archive
    with pytest.raises(AttributeError, match="no_such"):
        _ = globelet.analysis.no_such
    assert SimpleNamespace(**{n: getattr(globelet.analysis, n) for n in globelet.analysis.__all__})
