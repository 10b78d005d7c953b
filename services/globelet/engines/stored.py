"""Receipts as DynamoDB has them, many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from globelet.archiver.parquet import STAGES
from globelet.engines.errors import Missing

_MOST_KEYS = 100
_TIMEOUT = 5.0


class StoredReceipts:
    """The receipts table of one world, read by key. Raises `Missing` without the extra `stores`."""

    def __init__(self, url: str, world: str, key: str, secret: str) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise Missing("boto3 is not installed; `pip install 'globelet[stores]'` brings it") from error
        quick = Config(connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, retries={"max_attempts": 1})
        self._start, self._table = f"globelet-{world}-", f"globelet-{world}-receipts"
        self._client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=quick,
        )

    def stages(self, orders: Sequence[str]) -> dict[str, dict[str, Any]]:
        """`{id: {"stages": {stage: µs}}}` of those that are there; none while the store is away."""
        from botocore.exceptions import BotoCoreError, ClientError

        names = ["id", *(f"{stage}_us" for stage in STAGES)]
        found: dict[str, dict[str, Any]] = {}
        try:
            for item in self.items(orders, names):
                values = {stage: item.get(f"{stage}_us") for stage in STAGES}
                found[item["id"]] = {"stages": {s: int(v) for s, v in values.items() if v is not None}}
        except (BotoCoreError, ClientError):
            return found
        return found

    def items(self, orders: Sequence[str], names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """These attributes of those that are there, as plain values. Raises botocore's errors."""
        yield from self._of(self._table, orders, names)

    def intervals(self, names: Sequence[str]) -> dict[str, bytes]:
        """The encodings of the interval signatures of these names that are there. Raises botocore's errors."""
        return {one["id"]: one["body"] for one in self._of(f"{self._start}intervals", names, ["id", "body"])}

    def _of(self, name: str, orders: Sequence[str], names: Sequence[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(orders), _MOST_KEYS):
            keys = [{"id": {"S": order}} for order in orders[start : start + _MOST_KEYS]]
            aliases = {f"#{i}": name for i, name in enumerate(names)}
            table = {"Keys": keys, "ProjectionExpression": ", ".join(aliases), "ExpressionAttributeNames": aliases}
            asked: Any = {name: table}
            while asked:
                answer = self._client.batch_get_item(RequestItems=asked)
                for item in answer["Responses"].get(name, []):
                    yield {attribute: _plain(value) for attribute, value in item.items()}
                asked = answer.get("UnprocessedKeys")


def _plain(value: dict[str, Any]) -> Any:
    """An attribute as DynamoDB writes it: `{"N": "5"}` is 5."""
    kind, inner = next(iter(value.items()))
    return None if kind == "NULL" else int(inner) if kind == "N" else inner
