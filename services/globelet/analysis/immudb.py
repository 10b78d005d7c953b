"""immuDB, which nobody can change afterwards: the digests of receipts and the hashes of roots, read with proof."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.analysis.audit import Check
from globelet.analysis.errors import StoreAway, Tampered, WrongCredentials

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_KEYS = "GLOBELET_IMMUDB_USER and GLOBELET_IMMUDB_PASSWORD"
DATABASE = "defaultdb"


class Vault:
    """A session with immuDB at `HOST:PORT`. Raises `StoreAway` and `WrongCredentials`."""

    def __init__(self, address: str, user: str | None = None, password: str | None = None) -> None:
        self._immudb = columns.lab("immudb.client", "stores")
        self._errors = columns.lab("immudb.exceptions", "stores")
        self._grpc = columns.lab("grpc", "stores")
        self.address = address
        user = user or os.environ.get("GLOBELET_IMMUDB_USER") or "immudb"
        password = password or os.environ.get("GLOBELET_IMMUDB_PASSWORD") or "immudb"
        try:
            self._client: Any = self._immudb.ImmudbClient(address)
            self._client.login(user, password, database=DATABASE.encode())
        except self._grpc.RpcError as error:
            raise self._told(error) from error

    def _told(self, error: Any) -> StoreAway | WrongCredentials:
        code, said = error.code(), str(error.details())
        refused = self._grpc.StatusCode.PERMISSION_DENIED, self._grpc.StatusCode.UNAUTHENTICATED
        if code in refused or "invalid user name or password" in said:
            return WrongCredentials("immuDB", self.address, _KEYS)
        return StoreAway("immuDB", self.address, said.splitlines()[0] if said else code.name)

    def get(self, key: str) -> str | None:
        """A value, whose inclusion the client has verified; None where there is none. Raises `Tampered`."""
        try:
            found = self._client.verifiedGet(key.encode())
        except self._grpc.RpcError as error:
            if "key not found" in str(error.details()):
                return None
            raise self._told(error) from error
        except self._errors.ErrCorruptedData as error:
            raise Tampered("immuDB", self.address, key) from error
        if not found.verified:
            raise Tampered("immuDB", self.address, key)
        value: bytes = found.value
        return value.hex() if len(value) == 32 else value.decode()

    def close(self) -> None:
        """Ends the session."""
        self._client.shutdown()


def compare(vault: Vault, wanted: Mapping[str, str]) -> pd.DataFrame:
    """One row per key: what we have, what immuDB proves, and whether they are the same (missing where it has none)."""
    rows = [(key, ours, vault.get(key)) for key, ours in wanted.items()]
    made = columns.lab("pandas").DataFrame(rows, columns=["key", "ours", "immudb"])
    same = made["ours"] == made["immudb"]
    return made.assign(same=same.astype("boolean").mask(made["immudb"].isna()))


def receipts(frame: pd.DataFrame) -> dict[str, str]:
    """Keys and values of receipts, as immuDB should have them."""
    return {f"receipt:{order}": told for order, told in zip(frame["id"], frame["digest"], strict=True)}


def roots(frame: pd.DataFrame) -> dict[str, str]:
    """Keys and values of roots."""
    return {f"root:{height}": told for height, told in zip(frame["height"], frame["hash"], strict=True)}


def kept(name: str, compared: pd.DataFrame) -> Check:
    """Everything we have is in immuDB, unchanged."""
    missing, other = compared["immudb"].isna().sum(), (compared["same"] == False).sum()  # noqa: E712  (missing is neither)
    detail = f"{len(compared)} compared, {missing} missing in immuDB, {other} differ"
    return Check(name, not missing and not other if len(compared) else None, detail)
