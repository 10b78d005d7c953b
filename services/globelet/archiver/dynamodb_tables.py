"""The tables in DynamoDB: receipts, what they share, blocks, digests with their stream, and the mark of the schema."""

from __future__ import annotations

import time
from typing import Any

from globelet.archiver.dynamodb_wire import Refused, Wire
from globelet.archiver.refusal import OtherSchema, Transient
from globelet.archiver.settings import SCHEMA, Settings

KINDS = ("receipts", "blocks", "intervals", "digests")
STREAMED = "digests"
MORTAL = ("receipts", "intervals")
_MARK = "schema"
_PATIENCE = 30.0


def inspect(wire: Wire, settings: Settings) -> bool:
    """True if nothing is there. Raises `OtherSchema` for tables of another make."""
    mark = _mark(wire, settings)
    tables = {kind: describe(wire, settings.table(kind)) for kind in KINDS}
    for kind, table in tables.items():
        if table and table["KeySchema"] != [{"AttributeName": "id", "KeyType": "HASH"}]:
            raise OtherSchema("DynamoDB", f"table {settings.table(kind)}", "another key", SCHEMA)
    there = [kind for kind, table in tables.items() if table]
    if mark is None and there:
        raise OtherSchema("DynamoDB", f"table {settings.table(there[0])}", "no mark of", SCHEMA)
    if mark is not None and mark != str(SCHEMA):
        raise OtherSchema("DynamoDB", f"the set of tables {settings.table('*')}", mark, SCHEMA)
    return mark is None or len(there) < len(KINDS)


def prepare(wire: Wire, settings: Settings) -> None:
    """Makes the mark, then the tables that are missing; receipts and interval signatures get their time to live."""
    # The mark comes first: a table without one is somebody else's.
    make(wire, settings.table(_MARK), stream=False)
    item = {"id": {"S": _MARK}, "version": {"N": str(SCHEMA)}}
    wire.call("PutItem", {"TableName": settings.table(_MARK), "Item": item})
    for kind in KINDS:
        make(wire, settings.table(kind), stream=kind == STREAMED)
    live = {"AttributeName": "expires_at", "Enabled": True}
    for kind in MORTAL:
        request = {"TableName": settings.table(kind), "TimeToLiveSpecification": live}
        try:
            wire.call("UpdateTimeToLive", request)
        except Refused as refused:
            if "already enabled" not in refused.message:
                raise Transient(str(refused)) from refused


def make(wire: Wire, name: str, *, stream: bool) -> None:
    """Makes a table that is not there, and returns when it can be used."""
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if stream:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    try:
        wire.call("CreateTable", request)
    except Refused as refused:
        if refused.name != "ResourceInUseException":
            raise Transient(str(refused)) from refused
    until = time.monotonic() + _PATIENCE
    while (describe(wire, name) or {}).get("TableStatus") != "ACTIVE":
        if time.monotonic() > until:
            raise Transient(f"table {name} is not active after {_PATIENCE:.0f} s")
        time.sleep(0.2)


def describe(wire: Wire, name: str) -> dict[str, Any] | None:
    """What DynamoDB says of a table; None if there is none."""
    try:
        return dict(wire.call("DescribeTable", {"TableName": name})["Table"])
    except Refused as refused:
        if refused.name == "ResourceNotFoundException":
            return None
        raise Transient(str(refused)) from refused


def _mark(wire: Wire, settings: Settings) -> str | None:
    request = {"TableName": settings.table(_MARK), "Key": {"id": {"S": _MARK}}, "ConsistentRead": True}
    try:
        item = wire.call("GetItem", request).get("Item")
    except Refused as refused:
        if refused.name == "ResourceNotFoundException":
            return None
        raise Transient(str(refused)) from refused
    return str(item["version"]["N"]) if item else None
