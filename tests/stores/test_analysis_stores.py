"""Archives read from real stores in containers: MongoDB's protocol, S3, immuDB; mirror images by default."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pandas
import pyarrow
import pymongo
import pytest
from pyarrow import parquet as pq
from testcontainers.core import wait_strategies as waits
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from globelet.analysis import columns, immudb, open_archive
from globelet.analysis.errors import NoArchive, NoBodies, OtherSchema, StoreAway, WrongCredentials
from globelet.analysis.objects import HalfWrittenWarning

pytestmark = pytest.mark.stores

# Its image cannot be had everywhere; each container here is taken down by the test that made it.
testcontainers_config.ryuk_disabled = True

KEY, SECRET = "globelet", "globelet-secret"
WORLD = "tokyo-paris"
SECOND = 1_000_000


def body(number: int, **changes) -> dict:
    admitted = 1_700_000_000 * SECOND + number * SECOND
    stages = {"admitted": {"micros": admitted, "counter": 0}, "credited": {"micros": admitted + 128_000, "counter": 3}}
    order = {"from": "aa" * 32, "to": "bb" * 32, "source": "tokyo", "destination": "paris", "amount": 2**53 + number}
    return {"id": f"{number:064x}", "kind": "transfer", "state": "credited", "stages": stages} | order | changes


OPENING = {"id": f"{5:064x}", "kind": "opening", "state": "admitted", "stages": {"admitted": {"micros": 5}}}
BODIES = [body(3), body(1), OPENING, body(2)]
ROWS = [columns.flat("tokyo", one) for one in BODIES]
BLOCKS = [
    columns.block(
        {"kind": kind, "chain": chain, "height": height, "hash": f"{height:02x}" * 32, "items": 1, "micros": 7}
    )
    for kind, chain, height in (("block", "tokyo", 1), ("block", "tokyo", 2), ("root", "globe", 1))
]


def image(name: str) -> str:
    return os.environ.get(f"GLOBELET_{name.upper()}_IMAGE", f"globelet/mirror-{name}")


@dataclass(frozen=True)
class Store:
    """A container's published port."""

    port: int

    def __str__(self) -> str:
        return f"127.0.0.1:{self.port}"


def running(name: str, port: int, **environment: str) -> Iterator[Store]:
    """A store in a container of its own, ready when its port answers."""
    container = DockerContainer(image(name)).with_exposed_ports(port)
    for variable, value in environment.items():
        container = container.with_env(variable, value)
    with container.waiting_for(waits.PortWaitStrategy(port)) as started:
        yield Store(int(started.get_exposed_port(port)))


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in [n for n in os.environ if n.startswith(("GLOBELET_", "AWS_")) and not n.endswith("_IMAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return monkeypatch


@pytest.fixture(scope="module")
def mongo() -> Iterator[Store]:
    yield from running("mongo", 27017)


@pytest.fixture(scope="module")
def s3() -> Iterator[Store]:
    yield from running("minio", 9000, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)


@pytest.fixture(scope="module")
def vault() -> Iterator[Store]:
    yield from running("immudb", 3322)


@pytest.fixture(scope="module")
def bucket(s3):
    """The bucket, once the store takes one: its port answers before it does."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{s3}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=boto3.session.Config(retries={"max_attempts": 12, "mode": "standard"}, s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket="globelet")
    return client


def parquet(rows: list[dict], names: tuple[str, ...]) -> bytes:
    sink = pyarrow.BufferOutputStream()
    pq.write_table(pyarrow.table({name: [row[name] for row in rows] for name in names}), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def put(bucket, name: str, data: bytes) -> None:
    bucket.put_object(Bucket="globelet", Key=name, Body=data)


def receipts(bodies: list[dict]) -> bytes:
    rows = [columns.flat("tokyo", one) | {"body": columns.canonical(one)} for one in bodies]
    return parquet(rows, (*columns.RECEIPTS, "body"))


@pytest.fixture(scope="module")
def filled(bucket, s3) -> str:
    """Two minutes of receipts, the second with an older version of one; blocks of two chains."""
    day = "receipts/chain=tokyo/day=2026-11-21"
    put(bucket, f"{day}/0700.parquet", receipts([*BODIES[:2], body(2)]))
    put(bucket, f"{day}/0701.parquet", receipts([OPENING, {**body(3), "stages": {}, "amount": None}]))
    for chain in ("tokyo", "globe"):
        some = [row for row in BLOCKS if row["chain"] == chain]
        put(bucket, f"blocks/chain={chain}/day=2026-11-21/0700.parquet", parquet(some, columns.BLOCKS))
    return f"http://{s3}/globelet"


def test_the_same_frames_from_mongodb_and_from_s3(mongo, filled):
    database = pymongo.MongoClient(f"mongodb://{mongo}")["globelet_tokyo_paris"]
    database["receipts"].insert_many([{"_id": row["id"], "admitted_ms": 1, **_others(row)} for row in ROWS])
    database["blocks"].insert_many([{"_id": row["id"], **_others(row)} for row in BLOCKS])
    one, other = open_archive(WORLD, mongo=f"mongodb://{mongo}"), open_archive(WORLD, s3=filled)
    for read, rows in (("receipts", 4), ("transfers", 3), ("blocks", 3), ("roots", 1)):
        mine, theirs = getattr(one, read)(), getattr(other, read)()
        assert len(mine) == rows
        pandas.testing.assert_frame_equal(mine, theirs, check_exact=True)
    late = body(2)["stages"]["admitted"]["micros"]
    assert one.receipts(late).equals(other.receipts(late))
    assert list(one.receipts(late)["id"]) == [body(n)["id"] for n in (2, 3)]
    ids = [body(1)["id"], "ab"]
    stamps = {name: at["micros"] for name, at in body(1)["stages"].items()}
    assert one.stages(ids) == other.stages(ids) == {body(1)["id"]: {"stages": stamps}}


def _others(row: dict) -> dict:
    return {name: value for name, value in row.items() if name != "id"}


def test_bodies_come_from_s3_and_are_missed_in_mongodb(mongo, filled):
    ids = [one["id"] for one in BODIES]
    assert open_archive(WORLD, s3=filled).bodies(ids) == {one["id"]: columns.canonical(one) for one in BODIES}
    with pytest.raises(NoBodies, match="open the archive in S3"):
        open_archive(WORLD, mongo=f"mongodb://{mongo}").bodies(ids)


def test_a_half_written_object_in_s3_is_named_and_the_rest_is_read(bucket, filled):
    torn = "receipts/chain=paris/day=2026-11-21/0702.parquet"
    put(bucket, torn, receipts([body(7)])[:-30])
    try:
        archive = open_archive(WORLD, s3=filled)
        with pytest.warns(HalfWrittenWarning, match=torn):
            assert len(archive.receipts()) == 4
        assert [one.name for one in archive.skipped] == [f"globelet/{torn}"]
    finally:
        bucket.delete_object(Bucket="globelet", Key=torn)


def test_an_empty_mongodb_an_absent_bucket_and_an_empty_one_are_told(mongo, s3, bucket):
    with pytest.raises(NoArchive, match="has no receipts of world other"):
        open_archive("other", mongo=f"mongodb://{mongo}").receipts()
    with pytest.raises(NoArchive, match=f"there is no nothing at {s3}"):
        open_archive(s3=f"http://{s3}/nothing").receipts()
    bucket.create_bucket(Bucket="empty")
    with pytest.raises(NoArchive, match="no Parquet objects"):
        open_archive(s3=f"http://{s3}/empty").receipts()


def test_a_store_of_another_schema_is_told(mongo, s3, bucket):
    database = pymongo.MongoClient(f"mongodb://{mongo}")["globelet_older"]
    database["globelet"].insert_one({"_id": "schema", "version": 0})
    with pytest.raises(OtherSchema, match=r"globelet_older of MongoDB .* has schema 0; .* or archive the world anew"):
        open_archive("older", mongo=f"mongodb://{mongo}").receipts()
    bucket.create_bucket(Bucket="older")
    for mark, told in ((b'{"schema": 0}', "has schema 0"), (b"{", "has schema that cannot be read")):
        bucket.put_object(Bucket="older", Key="globelet.json", Body=mark)
        with pytest.raises(OtherSchema, match=told):
            open_archive(s3=f"http://{s3}/older").receipts()


@pytest.mark.parametrize(("key", "secret"), [(KEY, "wrong"), ("nobody", SECRET)])
def test_s3_with_wrong_credentials_says_which_to_set(s3, filled, bare, key, secret):
    bare.setenv("AWS_ACCESS_KEY_ID", key)
    bare.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with pytest.raises(WrongCredentials, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") as told:
        open_archive(WORLD, s3=filled).receipts()
    assert told.value.exit_status == 2


def test_mongodb_with_wrong_credentials_says_so(mongo):
    with pytest.raises(WrongCredentials, match="GLOBELET_MONGO_URL"):
        open_archive(WORLD, mongo=f"mongodb://nobody:wrong@{mongo}/?authSource=admin").receipts()


def session(vault: Store) -> immudb.Vault:
    return immudb.Vault(str(vault), "immudb", "immudb")


def test_immudb_proves_what_we_have_and_shows_what_differs(vault):
    frame = columns.receipts_frame(ROWS)
    ours = immudb.receipts(frame) | immudb.roots(columns.blocks_frame(BLOCKS[2:]))
    opened = session(vault)
    keys = list(ours)
    for key in keys[:-2]:
        opened._client.verifiedSet(key.encode(), ours[key].encode())
    opened._client.verifiedSet(keys[-2].encode(), b"another")
    found = immudb.compare(opened, ours)
    assert found["same"].tolist()[:-2] == [True] * (len(keys) - 2)
    assert found["same"].tolist()[-2] is False
    assert found["same"].isna().tolist()[-1]
    check = immudb.kept("digests in immuDB", found)
    assert (check.holds, check.detail) == (False, f"{len(keys)} compared, 1 missing in immuDB, 1 differ")
    assert immudb.kept("", immudb.compare(opened, {k: ours[k] for k in keys[:-2]})).holds is True
    opened.close()


def test_immudb_with_wrong_credentials_or_away_is_told(vault):
    with pytest.raises(WrongCredentials, match="set GLOBELET_IMMUDB_USER and GLOBELET_IMMUDB_PASSWORD"):
        immudb.Vault(str(vault), "immudb", "wrong")
    with pytest.raises(StoreAway, match=r"immuDB at 127\.0\.0\.1:9 does not answer"):
        immudb.Vault("127.0.0.1:9", "immudb", "immudb")
