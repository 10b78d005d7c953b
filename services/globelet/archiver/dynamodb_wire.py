"""Signed requests to DynamoDB, as it speaks them: JSON over HTTP. boto3 takes ten times as long to say the same."""

from __future__ import annotations

from typing import Any, Protocol

import orjson
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from globelet.archiver.refusal import Transient, WrongCredentials
from globelet.archiver.settings import Settings

TABLES, STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
}
_NOT_ALLOWED = {
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "AccessDeniedException",
    "MissingAuthenticationTokenException",
    "MissingAuthenticationToken",
    "IncompleteSignatureException",
    "ExpiredTokenException",
}


class Throttled(Transient):
    """DynamoDB asks for fewer requests."""


class Refused(Exception):  # noqa: N818
    """DynamoDB refuses a request for what it says, with the name of its exception."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class Wire(Protocol):
    """Anything that can call DynamoDB."""

    def call(self, operation: str, request: dict[str, Any], service: str = TABLES) -> dict[str, Any]:
        """One operation."""


class SignedWire:
    """Connections to one endpoint, kept alive; safe to use from several threads."""

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        self.url, self._region = (url or settings.dynamodb).rstrip("/"), settings.region
        self._credentials = Credentials(settings.access_key, settings.secret_key)
        self._pool = urllib3.PoolManager(
            maxsize=8, retries=False, timeout=urllib3.Timeout(connect=3, read=20), block=False
        )

    def call(self, operation: str, request: dict[str, Any], service: str = TABLES) -> dict[str, Any]:
        """One operation. Raises `Throttled`, `Transient`, `WrongCredentials` or `Refused`."""
        data = orjson.dumps(request)
        try:
            answer = self._pool.request(
                "POST", self.url + "/", body=data, headers=self._headers(operation, data, service)
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Transient(f"DynamoDB at {self.url} does not answer: {error}") from error
        if answer.status == 200:
            return dict(orjson.loads(answer.data))
        raise self._told(answer.status, answer.data)

    def _headers(self, operation: str, data: bytes, service: str) -> dict[str, str]:
        wanted = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{service}.{operation}"}
        made = AWSRequest("POST", self.url + "/", data=data, headers=wanted)
        SigV4Auth(self._credentials, "dynamodb", self._region).add_auth(made)
        return dict(made.headers)

    def _told(self, status: int, data: bytes) -> Exception:
        try:
            problem = orjson.loads(data)
            name = str(problem.get("__type", "")).rpartition("#")[2]
            message = str(problem.get("message") or problem.get("Message") or "")
        except (ValueError, AttributeError):
            name, message = "", data[:200].decode(errors="replace")
        if name in _THROTTLED:
            return Throttled(f"DynamoDB is throttled: {message}")
        if name in _NOT_ALLOWED:
            return WrongCredentials("DynamoDB", self.url, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        if status >= 500:
            return Transient(f"DynamoDB answered {status}: {message}")
        return Refused(name or f"status {status}", message)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()
