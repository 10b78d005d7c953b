"""The identity service: a real server on loopback."""

import time
from collections.abc import Iterator
from threading import Thread

import httpx
import jwt
import pytest

from globelet import web
from globelet.client.account import Key
from globelet.identity.app import application
from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer, login_bytes

pytestmark = pytest.mark.unit
KEY = Key.derive("identity test")


def proof(key: Key, at_us: int, world: str = "w") -> dict[str, object]:
    signature = key.sign(login_bytes(world, key.public, at_us)).hex()
    return {"account": key.public.hex(), "at_us": at_us, "signature": signature}


@pytest.fixture
def url(tmp_path) -> Iterator[str]:
    server = web.server(application(Issuer("w", SigningKeys(tmp_path))), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def now_us() -> int:
    return time.time_ns() // 1000


def test_a_token_verifies_against_the_published_keys(url):
    answer = httpx.post(f"{url}/v1/tokens", json=proof(KEY, now_us()))
    assert answer.status_code == 200
    key = jwt.PyJWKClient(f"{url}/.well-known/jwks.json").get_signing_key_from_jwt(answer.json()["token"])
    claims = jwt.decode(answer.json()["token"], key.key, algorithms=["EdDSA"], audience="w")
    assert claims["sub"] == KEY.public.hex()
    assert claims["exp"] - claims["iat"] == 900
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(answer.json()["token"], key.key, algorithms=["EdDSA"], audience="other")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signature": "00" * 64}, "bad_signature"),
        ({"account": Key.derive("somebody else").public.hex()}, "bad_signature"),
        ({"at_us": 1}, "stale_proof"),
        ({"account": "xyz"}, "malformed"),
        ({"signature": 5}, "malformed"),
    ],
)
def test_what_does_not_prove_possession_is_refused(url, change, code):
    answer = httpx.post(f"{url}/v1/tokens", json=proof(KEY, now_us()) | change)
    assert answer.status_code in (400, 401)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_a_proof_counts_once_and_for_one_world(url):
    body = proof(KEY, now_us())
    assert httpx.post(f"{url}/v1/tokens", json=body).status_code == 200
    assert httpx.post(f"{url}/v1/tokens", json=body).json()["code"] == "replayed_proof"
    assert httpx.post(f"{url}/v1/tokens", json=proof(KEY, now_us(), "x")).json()["code"] == "bad_signature"


def test_bodies_are_bounded(url):
    assert httpx.post(f"{url}/v1/tokens", content=b"[" * 100_000).status_code == 413
    assert httpx.post(f"{url}/v1/tokens", content=b"[1]").json()["code"] == "malformed"
    assert httpx.get(f"{url}/nowhere").json()["code"] == "not_found"


def test_rotation_keeps_old_keys_until_their_tokens_are_dead(tmp_path):
    keys = SigningKeys(tmp_path, period=100, keep=50)
    first = keys.current(1000).kid
    assert keys.current(1099).kid == first
    second = keys.current(1100).kid
    assert second != first
    assert [k["kid"] for k in keys.jwks(1149)["keys"]] == [second, first]
    keys.rotate(1151)
    assert first not in [k["kid"] for k in keys.jwks(1151)["keys"]]
    again = SigningKeys(tmp_path, period=100, keep=50)
    assert [k["kid"] for k in again.jwks(1151)["keys"]] == [k["kid"] for k in keys.jwks(1151)["keys"]]
    assert all(path.stat().st_mode & 0o77 == 0 for path in tmp_path.glob("*.seed"))
