"""Who is where, from a real Consul in dev mode."""

from __future__ import annotations

import json
import subprocess
import time
from threading import Thread

import httpx
import pytest

from globelet import web
from globelet.client.account import Key
from globelet.consul import Consul, ConsulAway, Entry, NotRegistered
from globelet.engines import binaries, catalog, chain_services
from globelet.identity.app import application
from globelet.identity.keys import SigningKeys
from globelet.identity.tokens import Issuer
from globelet.world import load

pytestmark = pytest.mark.vault


@pytest.fixture
def box(consul):
    return consul


@pytest.fixture
def catalogue(box) -> Consul:
    """Consul, knowing nobody."""
    found = Consul(f"http://{box.address}")
    box.until(found.ready)
    for name in found._call("GET", "/v1/agent/services"):
        found._call("PUT", f"/v1/agent/service/deregister/{name}")
    return found


@pytest.fixture
def world():
    return chain_services.contained(load("tokyo-paris"))


def test_everybody_is_found_by_what_they_are(catalogue, world):
    assert catalogue.keep(catalog.entries(world)) == len(world.processes) + 11
    chains = catalogue.find("chain")
    assert chains == {p.name: (p.host, p.http_port) for p in world.processes}
    assert catalogue.url_of("toxiproxy", 0) == "http://toxiproxy:8474"
    listed = catalogue._call("GET", "/v1/catalog/service/chain?tag=europe")
    assert {e["ServiceID"] for e in listed} == {"europe", "paris", "london", "hesse"}
    paris = next(e for e in listed if e["ServiceID"] == "paris")
    assert paris["ServiceMeta"]["continent"] == "europe"
    assert paris["ServiceMeta"]["municipality"] == "paris"


def test_what_is_there_stays_and_what_consul_forgot_comes_back(box, catalogue, world):
    wanted = catalog.entries(world)
    catalogue.keep(wanted)
    assert catalogue.keep(wanted) == 0
    box.stop()
    box.start()
    box.until(catalogue.ready)
    with pytest.raises(NotRegistered, match="globelet up"):
        catalogue.find("chain")
    assert catalogue.keep(wanted) == len(wanted)


def test_a_part_of_the_chains_is_not_taken_for_all(catalogue, world):
    wanted = catalog.entries(world)
    catalogue.keep(wanted[:3])
    with pytest.raises(NotRegistered, match="only 3 of 9"):
        catalogue.wait("chain", 0)
    catalogue.keep(wanted)
    assert len(catalogue.wait("chain", 0)) == 9


def test_a_catalogue_on_disk_is_the_same(tmp_path, world):
    wanted = catalog.write(world, tmp_path)
    assert [Entry.of(one) for one in json.loads((tmp_path / catalog.FILE).read_text())] == wanted


def test_a_health_check_sees_who_answers(box, catalogue):
    # The container looks from inside its own network: what it can reach there is itself.
    catalogue.keep(
        [
            Entry("here", "here", "127.0.0.1", 8500, "http://127.0.0.1:8500/v1/status/leader"),
            Entry("away", "away", "127.0.0.1", 9, "127.0.0.1:9"),
        ]
    )
    health = lambda name: catalogue._call("GET", f"/v1/health/checks/{name}")[0]  # noqa: E731
    box.until(lambda: health("here")["Status"] == "passing")
    assert health("away")["Status"] == "critical"


def test_a_consul_that_is_away_is_told():
    away = Consul("http://127.0.0.1:9")
    assert not away.ready()
    with pytest.raises(ConsulAway, match="globelet up"):
        away.wait("chain", 0)


def test_a_node_finds_the_identity_service_by_consul(box, catalogue, tmp_path):
    plain = load("tokyo-paris")
    processes = tuple(
        p.model_copy(update={"http_port": box.free_port(), "node_port": box.free_port()}) for p in plain.processes
    )
    moved = plain.model_copy(update={"processes": processes})
    (tmp_path / "world.json").write_text(moved.to_json())
    node = str(binaries.find("globelet-node"))
    subprocess.run(
        [node, "deal", "--state", str(tmp_path), "--world", str(tmp_path / "world.json")],
        check=True,
        capture_output=True,
    )
    keys, key = SigningKeys(tmp_path / "identity"), Key.derive("consul test")
    server = web.server(application(Issuer(moved.name, keys)), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    command = [node, "run", "--state", str(tmp_path), "--process", "tokyo", "--consul", catalogue.url]
    with (tmp_path / "stderr").open("w") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        assert process.stdout.readline() == "ready tokyo\n"
        box.until(lambda: "knows no service identity" in (tmp_path / "stderr").read_text())
        catalogue.keep([Entry("identity", "identity", "127.0.0.1", port, f"127.0.0.1:{port}")])
        tokyo = next(p.http_port for p in processes if p.name == "tokyo")
        box.until(lambda: code(tokyo, keys, key, moved.name) != "token_key_unknown")
        assert not code(tokyo, keys, key, moved.name).startswith("token")
        assert code(tokyo, SigningKeys(tmp_path / "others"), key, moved.name).startswith("token")
    finally:
        process.kill()
        process.communicate()
        server.should_exit = True
        thread.join()


def code(port: int, keys: SigningKeys, key: Key, world: str) -> str:
    """What a transfer that pays nobody is refused with, once its token is accepted or not."""
    import jwt

    signing = keys.current(time.time())
    claims = {"sub": key.public.hex(), "aud": world, "iat": int(time.time()), "exp": int(time.time()) + 900}
    token = jwt.encode(claims, signing.private, algorithm="EdDSA", headers={"kid": signing.kid})
    order = {"from": key.public.hex(), "source": "paris", "to": "ab" * 32, "destination": "tokyo", "amount": 1}
    order |= {"nonce": 1, "expires_us": 1, "signature": "00" * 64}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/transfers", json=order, headers={"Authorization": f"Bearer {token}"}
    )
    return str(answer.json()["code"])
