"""immuDB: roots and the digests of receipts, under a state that is verified with every batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped,unused-ignore]
from immudb import ImmudbClient  # type: ignore[import-untyped,unused-ignore]
from immudb.exceptions import ErrCorruptedData  # type: ignore[import-untyped,unused-ignore]
from immudb.rootService import RootService, State  # type: ignore[import-untyped,unused-ignore]

from globelet.archiver.refusal import LedgerLost, OtherSchema, Transient, WrongCredentials
from globelet.archiver.settings import SCHEMA, Settings

_MARK = b"globelet:schema"
_MOST = 1_000  # a transaction of immuDB holds 1,024 entries
_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
_WRONG = ("invalid user name or password", "user not found")


class KeptState(RootService):  # type: ignore[misc,unused-ignore]
    """The state that was verified last, kept in a file so that a server that forgets is found out after a restart."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._state: State | None = None
        self._service: Any = None
        self._database = ""

    def init(self, dbname: str, service: Any) -> None:
        """Reads the file; where there is none, trusts what the server says first."""
        self._service, self._database = service, dbname
        if self.path.is_file():
            kept = json.loads(self.path.read_text())
            if kept["db"] == dbname:
                self._state = State(dbname, kept["tx"], bytes.fromhex(kept["hash"]), b"", b"")

    def get(self) -> State:
        """The state to verify against."""
        if self._state is None:
            from google.protobuf import empty_pb2  # type: ignore[import-untyped,unused-ignore]

            self._state = State.FromGrpc(self._service.CurrentState(empty_pb2.Empty()))
        return self._state

    def set(self, root: State) -> None:
        """Keeps a state that was just verified."""
        self._state = root
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"db": self._database, "tx": root.txId, "hash": root.txHash.hex()}))
        part.replace(self.path)


class Ledger:
    """Keys are written many at a time; one verified write per batch proves that all before it still stands."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = KeptState(settings.folder / "immudb-state.json")
        self._client: Any = None

    @property
    def where(self) -> str:
        """The server's address."""
        return self._settings.immudb

    def open(self) -> None:
        """Logs in and looks at the mark. Raises `WrongCredentials`, `OtherSchema`, `Transient`."""
        if self._client is not None:
            return
        client = ImmudbClient(self.where, rs=self._state, timeout=20)
        try:
            client.login(self._settings.immudb_user, self._settings.immudb_password)
            mark = client.get(_MARK)
            if mark is None:
                if self._state.get().txId > 1 and self._state.path.is_file():
                    raise self._lost("it is empty")
                client.set(_MARK, str(SCHEMA).encode())
            elif mark.value != str(SCHEMA).encode():
                raise OtherSchema("immuDB", "the database", mark.value.decode(errors="replace"), SCHEMA)
        except grpc.RpcError as error:
            raise self._told(error) from error
        self._client = client

    def put(self, entries: Mapping[str, str], number: str) -> int:
        """Writes entries, the last of them last, then a record of the batch, verified; returns the transaction.

        Raises `LedgerLost`, `Transient`.
        """
        self.open()
        try:
            coded = [(key.encode(), value.encode()) for key, value in entries.items()]
            for begin in range(0, len(coded), _MOST):
                self._client.setAll(dict(coded[begin : begin + _MOST]))
            digest = hashlib.sha256()
            for key, value in sorted(entries.items()):
                digest.update(f"{key}={value}\n".encode())
            return int(self._client.verifiedSet(f"batch:{number}".encode(), digest.hexdigest().encode()).id)
        except grpc.RpcError as error:
            raise self._told(error) from error
        except ErrCorruptedData as error:
            raise self._lost("a proof does not hold") from error

    def get(self, key: str) -> str | None:
        """A value, verified against the kept state; None if there is none. Raises `LedgerLost`, `Transient`."""
        self.open()
        try:
            return str(self._client.verifiedGet(key.encode()).value.decode())
        except ErrCorruptedData as error:
            raise self._lost(f"the proof of {key} does not hold") from error
        except grpc.RpcError as error:
            if "key not found" in (error.details() or ""):
                return None
            raise self._told(error) from error

    def plain(self, key: str) -> str | None:
        """A value as the server says, without a proof: for what only the archiver itself uses."""
        self.open()
        try:
            found = self._client.get(key.encode())
        except grpc.RpcError as error:
            raise self._told(error) from error
        return None if found is None else str(found.value.decode())

    def close(self) -> None:
        """Logs out."""
        if self._client is not None:
            self._client.shutdown()
            self._client = None

    def _lost(self, why: str) -> LedgerLost:
        self._client = None
        return LedgerLost(self.where, why, str(self._state.path))

    def _told(self, error: grpc.RpcError) -> Exception:
        self._client = None
        details = str(error.details() or "")  # type: ignore[attr-defined,unused-ignore]
        if any(words in details for words in _WRONG):
            return WrongCredentials("immuDB", self.where, "GLOBELET_IMMUDB_USER and GLOBELET_IMMUDB_PASSWORD")
        if "tx not found" in details or "is greater than" in details or "invalid alh" in details:
            return self._lost(details)
        return Transient(f"immuDB at {self.where}: {details or error}")
