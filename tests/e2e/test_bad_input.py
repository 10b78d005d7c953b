"""Bad input, one kind after another: its own status and code, a sentence with the mend, the ledger as it was."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from globelet.client.account import Account, Key
from globelet.scenarios.world import World

pytestmark = pytest.mark.e2e

Headers = dict[str, str]


class Desk:
    """Tokyo's counter, with an account that has money and a transfer of it that was credited."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.world = World(engine, 1, f"bad input {engine.now_us()}")
        self.bank = self.world.bank
        self.alice = self.world.account("tokyo", balance=1_000)
        self.bob = self.world.account("paris", balance=1)
        self.http = httpx.Client(base_url=engine.hall("tokyo").url, timeout=30.0, trust_env=False)
        order = self.alice.transfer(self.bob, 10)
        self.spent = self.bank.body(self.alice, self.bob, order)
        assert self.post(self.spent).status_code == 202
        self.bank.receipt(order, self.alice, self.bob, engine.now_us()).wait("credited")
        assert engine.wait_until(self.at_rest, 30.0), "the ledgers did not come to rest"

    def snapshot(self) -> Any:
        ledgers = [self.engine.hall(name).ledger() for name in ("tokyo", "paris")]
        return ledgers, self.alice.balance, self.bob.balance

    def at_rest(self) -> bool:
        before = self.snapshot()
        settled = all(not any(replica["unsettled"].values()) for ledger in before[0] for replica in ledger["replicas"])
        alike = all(len({r["head"] for r in ledger["replicas"]}) == 1 for ledger in before[0])
        self.engine.run_for(0.3)
        return settled and alike and before == self.snapshot()

    def token(self, account: Account) -> Headers:
        return {"Authorization": f"Bearer {self.bank.token(account)}"}

    def post(self, body: Any, headers: Headers | None = None, path: str = "/v1/transfers") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, headers=self.token(self.alice) if headers is None else headers)

    def move(self, to: str) -> httpx.Response:
        """Alice's order to move there."""
        order = self.bank.move_order(self.alice, to)
        return self.post(self.bank.move_body(self.alice, to, order), path="/v1/moves")

    def body(self, amount: int = 5, **changed: Any) -> dict[str, Any]:
        """A good transfer from Alice to Bob, signed, with these fields changed before it is signed."""
        order = self.alice.transfer(self.bob, amount)
        for name, value in changed.items():
            object.__setattr__(order, name, value)
        return self.bank.body(self.alice, self.bob, order)

    def own_token(self, signer: Ed25519PrivateKey | None = None, kid: str | None = None, **changed: Any) -> Headers:
        """A token for Alice as the identity service makes it, but for what is said."""
        newest = sorted(self.engine.identity_keys().glob("*.seed"))[-1]
        signs = signer or Ed25519PrivateKey.from_private_bytes(bytes.fromhex(newest.read_text()))
        real = jwt.get_unverified_header(str(self.bank.token(self.alice)))["kid"]
        claims = {"sub": self.alice.id, "aud": self.engine.world.name, "exp": int(time.time()) + 600, **changed}
        token = jwt.encode(claims, signs, algorithm="EdDSA", headers={"kid": kid or real})
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def desk(engine) -> Desk:
    return Desk(engine)


@dataclass(frozen=True)
class Case:
    """A kind of bad input: what is sent, and how it is answered."""

    name: str
    status: int
    code: str
    mend: str
    send: Callable[[Desk], httpx.Response]


def unsigned(desk: Desk) -> httpx.Response:
    body = desk.body()
    del body["signature"]
    return desk.post(body)


def wrongly_signed(desk: Desk) -> httpx.Response:
    return desk.post({**desk.body(5), "amount": 6})


def for_another_world(desk: Desk) -> httpx.Response:
    return desk.post(desk.body(world=desk.engine.tag ^ 1))


def unknown_account(desk: Desk) -> httpx.Response:
    stranger = desk.bank.account(Key.derive("nobody", time.time_ns()), "tokyo")
    order = stranger.transfer(desk.bob, 5)
    return desk.post(desk.bank.body(stranger, desk.bob, order), desk.token(stranger))


def unknown_recipient(desk: Desk) -> httpx.Response:
    nobody = desk.bank.account(Key.derive("nobody", time.time_ns()), "tokyo")
    return desk.post(desk.bank.body(desk.alice, nobody, desk.alice.transfer(nobody, 5)))


def already_open(desk: Desk) -> httpx.Response:
    order = desk.alice.opening()
    body = {
        "account": desk.alice.id,
        "municipality": "tokyo",
        "expires_us": order.expires_us,
        "signature": desk.alice.sign(order).hex(),
    }
    return desk.post(body, path="/v1/accounts")


def sent_to_the_wrong_municipality(desk: Desk) -> httpx.Response:
    order = desk.bob.transfer(desk.alice, 1)
    return desk.post(desk.bank.body(desk.bob, desk.alice, order), desk.token(desk.bob))


def forged() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def nowhere_to_move(desk: Desk) -> httpx.Response:
    return desk.move("tokyo")


CASES = [
    Case("malformed", 400, "malformed", "send it as /openapi.json says", lambda d: d.post(b'{"from": ')),
    Case("oversized", 413, "too_large", "split the orders", lambda d: d.post(b"[" + b" " * (9 << 20) + b"]")),
    Case("unsigned", 400, "unsigned", "sign it with the key", unsigned),
    Case("wrongly signed", 403, "bad_signature", "sign the order with the account's own key", wrongly_signed),
    Case("replayed", 409, "replayed", "use one above", lambda d: d.post(d.spent)),
    Case("expired", 422, "expired", "sign it again", lambda d: d.post(d.body(expires_us=d.engine.now_us() - 1))),
    Case("overdrawn", 422, "overdrawn", "send less", lambda d: d.post(d.body(100_000))),
    Case("negative", 422, "negative_amount", "at least 1", lambda d: d.post({**d.body(), "amount": -5})),
    Case("zero", 422, "zero_amount", "at least 1", lambda d: d.post(d.body(0))),
    Case("overflowing", 422, "overflow", "send less", lambda d: d.post({**d.body(), "amount": 2**64})),
    Case("unknown account", 422, "unknown_account", "open it first", unknown_account),
    Case("unknown recipient", 422, "unknown_recipient", "must open it first", unknown_recipient),
    Case(
        "unknown municipality",
        422,
        "unknown_municipality",
        "it has tokyo, osaka, seoul",
        lambda d: d.post({**d.body(), "destination": "atlantis"}),
    ),
    Case("account elsewhere", 421, "wrong_municipality", "send the order to paris at", sent_to_the_wrong_municipality),
    Case("moved to where it is", 409, "nothing_to_move", "nothing to do", nowhere_to_move),
    Case("opened before", 409, "already_open", "nothing to do", already_open),
    Case("no token", 401, "token_missing", "Authorization: Bearer", lambda d: d.post(d.body(), {})),
    Case(
        "not a token",
        401,
        "token_invalid",
        "send the identity service's token as it is",
        lambda d: d.post(d.body(), {"Authorization": "Bearer rubbish"}),
    ),
    Case("forged token", 401, "token_forged", "get one from", lambda d: d.post(d.body(), d.own_token(forged()))),
    Case("expired token", 401, "token_expired", "get a fresh one", lambda d: d.post(d.body(), d.own_token(exp=1_000))),
    Case(
        "token of another world",
        401,
        "token_other_world",
        "identity service of world tokyo-paris",
        lambda d: d.post(d.body(), d.own_token(aud="mars")),
    ),
    Case(
        "token of an unknown key",
        401,
        "token_key_unknown",
        "get a fresh token",
        lambda d: d.post(d.body(), d.own_token(forged(), "nobody's")),
    ),
    Case(
        "another's token",
        403,
        "token_other_account",
        "send the payer's own token",
        lambda d: d.post(d.body(), d.token(d.bob)),
    ),
]


def assert_problem(answer: httpx.Response, status: int, code: str, mend: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), document
    assert mend in document["detail"], document["detail"]
    assert document["status"] == status
    assert document["type"].endswith(f"/{code}")
    assert document["title"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_kind_is_refused_by_its_own_name_and_moves_nothing(desk, case):
    before = desk.snapshot()
    assert_problem(case.send(desk), case.status, case.code, case.mend)
    assert desk.snapshot() == before


def test_no_two_kinds_share_a_code():
    assert len({case.code for case in CASES}) == len(CASES)


def test_every_code_can_be_looked_up(desk):
    known = set(desk.http.get("/openapi.json").json()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert {case.code for case in CASES} | {code for _, _, _, code, _ in QUESTIONS} <= known


MALFORMED = {
    "not an object": b"5",
    "nested without end": b"[" * 100_000,
    "not text": b"\xff\xfe\x00",
    "a field too many": {"memo": "x" * 500},
    "a field that is no number": {"nonce": "7"},
    "a nonce below zero": {"nonce": -7},
    "half an amount": {"amount": 0.5},
    "an account too short": {"from": "ab"},
    "a signature too short": {"signature": "ab"},
    "a signature that is a number": {"signature": 5},
    "no destination": {"destination": None},
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
def test_every_malformation_says_what_is_wrong(desk, change):
    before = desk.snapshot()
    answer = desk.post(change if isinstance(change, bytes) else {**desk.body(), **change})
    assert_problem(answer, 400, "malformed", "send it as /openapi.json says")
    if isinstance(change, dict):
        assert f"`{next(iter(change))}`" in answer.json()["detail"]
    assert len(answer.content) < 1_000
    assert desk.snapshot() == before


def test_among_many_orders_each_gets_its_own_answer_and_only_the_good_one_moves(desk):
    good = desk.alice.transfer(desk.bob, 3)
    orders = [desk.bank.body(desk.alice, desk.bob, good), {**desk.body(), "amount": -1}, desk.body(100_000)]
    balance = desk.alice.balance
    answer = desk.post(orders)
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert results[0] == {"id": good.id}
    assert [r["problem"]["code"] for r in results[1:]] == ["negative_amount", "overdrawn"]
    desk.bank.receipt(good, desk.alice, desk.bob, 0).wait("credited")
    assert desk.alice.balance == balance - 3
    assert desk.engine.wait_until(desk.at_rest, 30.0)


def test_two_transfers_at_once_cannot_spend_the_same_money(desk):
    balance = desk.alice.balance
    orders = [desk.alice.transfer(desk.bob, balance) for _ in range(2)]
    answer = desk.post([desk.bank.body(desk.alice, desk.bob, order) for order in orders])
    results = answer.json()["results"]
    assert results[0] == {"id": orders[0].id}
    assert results[1]["problem"]["code"] == "overdrawn"
    desk.bank.receipt(orders[0], desk.alice, desk.bob, 0).wait("credited")
    assert desk.alice.balance == 0
    desk.bob.send(desk.alice, balance).wait("credited")
    assert desk.engine.wait_until(desk.at_rest, 30.0)


QUESTIONS = [
    ("GET", f"/v1/transfers/{'ab' * 32}", 404, "unknown_order", "ask the process of its source municipality"),
    ("GET", f"/v1/receipts/{'ab' * 32}", 404, "unknown_order", "ask the process of its source municipality"),
    ("GET", f"/v1/accounts/{'ab' * 32}", 404, "unknown_account", "open it first"),
    ("GET", "/v1/transfers/xyz", 400, "malformed", "64 hexadecimal digits"),
    ("GET", "/v1/transfers/%ff/events", 400, "malformed", "64 hexadecimal digits"),
    ("GET", "/v1/outbox?after=-1", 400, "malformed_query", "/openapi.json"),
    ("GET", "/v1/links?samples=many", 400, "malformed_query", "/openapi.json"),
    ("POST", "/v1/outbox/archived", 400, "malformed", "/openapi.json"),
    ("DELETE", "/v1/transfers", 405, "method_not_allowed", "/openapi.json"),
    ("GET", "/v2/transfers", 404, "no_such_path", "/openapi.json"),
]


@pytest.mark.parametrize(("method", "path", "status", "code", "mend"), QUESTIONS)
def test_questions_that_cannot_be_answered_say_so_in_the_same_form(desk, method, path, status, code, mend):
    assert_problem(desk.http.request(method, path), status, code, mend)


LOGINS = [
    ({"at_us": 0}, 401, "stale_proof", "sign a fresh one"),
    ({"signature": "00" * 64}, 401, "bad_signature", "sign with its own key"),
    ({"account": "xyz"}, 400, "malformed", "in hexadecimal digits"),
]


@pytest.mark.parametrize(("change", "status", "code", "mend"), LOGINS)
def test_who_cannot_prove_an_account_gets_no_token(desk, change, status, code, mend):
    from globelet.identity.tokens import login_bytes

    at_us = change.get("at_us", desk.engine.now_us())
    proof = desk.alice.key.sign(login_bytes(desk.engine.world.name, desk.alice.key.public, at_us)).hex()
    body = {"account": desk.alice.id, "at_us": at_us, "signature": proof, **change}
    answer = httpx.post("http://127.0.0.1:6400/v1/tokens", json=body, trust_env=False)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert mend in answer.json()["detail"]
