"""Receipts as DynamoDB has them, many at once."""

from __future__ import annotations

from collections.abc import Sequence
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
        self._table = f"globelet-{world}-receipts"
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

        found: dict[str, dict[str, Any]] = {}
        try:
            for start in range(0, len(orders), _MOST_KEYS):
                for item in self._batch(orders[start : start + _MOST_KEYS]):
                    found[item["id"]["S"]] = {"stages": _stages(item)}
        except (BotoCoreError, ClientError):
            return found
        return found

    def _batch(self, orders: Sequence[str]) -> list[dict[str, Any]]:
        names = ", ".join(["id", *(f"{stage}_us" for stage in STAGES)])
        asked: Any = {self._table: {"Keys": [{"id": {"S": o}} for o in orders], "ProjectionExpression": names}}
        items: list[dict[str, Any]] = []
        while asked:
            answer = self._client.batch_get_item(RequestItems=asked)
            items += answer["Responses"].get(self._table, [])
            asked = answer.get("UnprocessedKeys")
        return items


def _stages(item: dict[str, Any]) -> dict[str, int]:
    values = {stage: item.get(f"{stage}_us", {}) for stage in STAGES}
    return {stage: int(value["N"]) for stage, value in values.items() if "N" in value}
