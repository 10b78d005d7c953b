"""Node keys, passwords and signing keys from a real Vault in dev mode, and what it says when it cannot give them."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from globelet.archiver.settings import Settings
from globelet.engines import binaries, chain_services, credentials
from globelet.identity.in_vault import VaultShelf
from globelet.identity.keys import SigningKeys
from globelet.vault import BadSecret, NothingThere, NoToken, OwnPath, Vault, VaultAway, VaultForbidden, overlaid
from globelet.world import load

pytestmark = pytest.mark.vault
ROOT = "root-of-the-tests"
STORES = {
    "AWS_ACCESS_KEY_ID": "globelet",
    "AWS_SECRET_ACCESS_KEY": "for the stores",
    "GLOBELET_IMMUDB_USER": "immudb",
    "GLOBELET_IMMUDB_PASSWORD": "for immuDB",
}


@pytest.fixture
def box(vault):
    vault.until(opened(vault).ready)
    return vault


def opened(box, token: str = ROOT) -> Vault:
    return Vault(f"http://{box.address}", token)


class Dealt:
    """A world that was dealt, with ports of its own, and its processes' own paths in Vault."""

    def __init__(self, root: Path, box) -> None:
        self.root, self.box, self.name = root, box, f"w{secrets.token_hex(4)}"
        world = load("tokyo-paris")
        moved = {"http_port": 0, "node_port": 0}
        processes = tuple(p.model_copy(update={key: box.free_port() for key in moved}) for p in world.processes)
        self.world = world.model_copy(update={"processes": processes, "name": self.name})
        self.processes = [p.name for p in processes]
        (root / "world.json").write_text(self.world.to_json())
        self._node("deal", "--world", str(root / "world.json"))
        (root / "routes.json").write_text("[]")
        chain_services.lay_out(root, self.processes, in_vault=True)

    def _node(self, *words: str) -> None:
        command = [str(binaries.find("globelet-node")), *words, "--state", str(self.root)]
        subprocess.run(command, check=True, capture_output=True)

    def put(self) -> None:
        credentials.put(self.root, self.name, self.processes, opened(self.box), STORES)

    def folder(self, process: str) -> Path:
        return self.root / "chains" / process

    def own(self, process: str) -> OwnPath:
        token = self.folder(process) / credentials.TOKEN
        return OwnPath(f"http://{self.box.address}", token, credentials.path(self.name, process))

    @contextmanager
    def running(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """Tokyo's process, as its container runs it: nothing but its own folder."""
        own = self.own("tokyo")
        command = [str(binaries.find("globelet-node")), "run", "--state", str(self.folder("tokyo"))]
        command += ["--process", "tokyo", "--vault", own.url, "--vault-token", str(own.token), *more]
        with (self.root / "stderr").open("w") as said:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def said(self) -> str:
        return (self.root / "stderr").read_text()

    def refusal(self, *more: str) -> tuple[int, str]:
        """Exit status and last line of a process that does not wait for Vault."""
        with self.running("--vault-patience", "0", *more) as process:
            status = process.wait(60)
        return status, self.said().strip().splitlines()[-1]


@pytest.fixture
def dealt(tmp_path: Path, box) -> Dealt:
    return Dealt(tmp_path, box)


def test_each_process_reads_its_own_path_and_no_other(dealt):
    dealt.put()
    held = dealt.own("tokyo").wait(0)
    assert held == credentials.node_secrets(dealt.root, "tokyo")
    tokyo = dealt.own("tokyo").open()
    for other in ("paris", "services", "archiver"):
        with pytest.raises(VaultForbidden):
            tokyo.read(credentials.path(dealt.name, other))
    with pytest.raises(VaultForbidden):
        tokyo.write(credentials.path(dealt.name, "tokyo"), {"node_keys": "another's"})
    with pytest.raises(VaultForbidden):
        tokyo.token("root")


def test_a_containers_folder_has_a_token_and_no_key(dealt):
    dealt.put()
    found = {str(p.relative_to(dealt.folder("tokyo"))) for p in dealt.folder("tokyo").rglob("*")}
    assert found == {"genesis.json", "routes.json", credentials.TOKEN}
    assert (dealt.folder("tokyo") / credentials.TOKEN).stat().st_mode & 0o777 == 0o400
    keys = credentials.node_secrets(dealt.root, "tokyo")
    held = b"".join(p.read_bytes() for p in dealt.folder("tokyo").iterdir())
    assert keys["node_keys"].encode() not in held
    assert keys["tls_key"].encode() not in held


def test_a_node_runs_on_keys_that_were_never_on_its_disk(dealt):
    dealt.put()
    with dealt.running() as process:
        assert process.stdout.readline() == "ready tokyo\n"
        port = next(p.http_port for p in dealt.world.processes if p.name == "tokyo")
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["nodes"] == 7
    assert not (dealt.folder("tokyo") / "secrets").exists()
    keys = credentials.node_secrets(dealt.root, "tokyo")["node_keys"]
    assert keys not in dealt.said()


def test_a_restarting_node_says_for_what_it_waits_and_goes_on_when_it_is_back(dealt):
    dealt.put()
    dealt.box.stop()
    with dealt.running() as process:
        dealt.box.until(lambda: "[vault_away]" in dealt.said())
        dealt.box.start()
        dealt.box.until(opened(dealt.box).ready)
        # Vault in dev mode has forgotten the token and what it was for.
        dealt.box.until(lambda: "[vault_forbidden]" in dealt.said())
        assert "globelet up" in dealt.said()
        dealt.put()
        assert process.stdout.readline() == "ready tokyo\n"


def test_every_refusal_has_a_code_and_a_mend(dealt, tmp_path):
    dealt.put()
    token = dealt.own("tokyo").token
    mine = token.read_text()
    token.unlink()
    status, line = dealt.refusal()
    assert (status, line[-21:]) == (4, "[vault_token_missing]")
    token.write_text("hvs.nobodys")
    status, line = dealt.refusal()
    assert (status, line[-17:]) == (4, "[vault_forbidden]")
    assert "hvs.nobodys" not in dealt.said()
    token.write_text(mine)
    opened(dealt.box).write(credentials.path(dealt.name, "tokyo"), {"node_keys": "00"})
    status, line = dealt.refusal()
    assert (status, line[-11:]) == (2, "[bad_input]")
    token.write_text(ROOT)
    httpx.delete(
        f"http://{dealt.box.address}/v1/secret/metadata/{credentials.path(dealt.name, 'tokyo')}",
        headers={"X-Vault-Token": ROOT},
    ).raise_for_status()
    status, line = dealt.refusal()
    assert (status, line[-20:]) == (4, "[vault_path_missing]")
    with pytest.raises(NothingThere):
        dealt.own("tokyo").wait(0)


def test_a_sealed_vault_is_told_from_one_that_is_away(dealt):
    dealt.put()
    opened(dealt.box)._call("PUT", "sys/seal", "the seal")
    try:
        status, line = dealt.refusal()
        assert (status, line[-14:]) == (4, "[vault_sealed]")
        assert not opened(dealt.box).ready()
    finally:
        dealt.box.stop()
        dealt.box.start()
        dealt.box.until(opened(dealt.box).ready)


def test_another_process_keys_are_refused_even_if_vault_gives_them(dealt):
    dealt.put()
    opened(dealt.box).write(credentials.path(dealt.name, "tokyo"), credentials.node_secrets(dealt.root, "paris"))
    status, line = dealt.refusal()
    assert status == 2
    assert "deal the world again" in line


def test_up_again_changes_nothing_that_is_good(dealt):
    dealt.put()
    before = {p: dealt.own(p).token.read_text() for p in dealt.processes}
    where = f"http://{dealt.box.address}/v1/secret/data/{credentials.path(dealt.name, 'tokyo')}"
    dealt.put()
    assert {p: dealt.own(p).token.read_text() for p in dealt.processes} == before
    version = httpx.get(where, headers={"X-Vault-Token": ROOT}).json()["data"]["metadata"]["version"]
    assert version == 1


def test_signing_keys_live_in_vault_and_come_back_when_it_forgets(dealt):
    dealt.put()
    now = time.time()
    first = SigningKeys(VaultShelf(dealt.own("services"), 0)).current(now)
    later = SigningKeys(VaultShelf(dealt.own("services"), 0))
    assert later.current(now).kid == first.kid
    newest = later.rotate(now + 1)
    assert not list(dealt.folder("services").rglob("*.seed"))
    dealt.put()  # what identity changed is the newer one: `up` keeps it
    dealt.box.stop()
    assert later.rotate(now + 2).kid != newest.kid, "a Vault that is away holds no token up"
    dealt.box.start()
    dealt.box.until(opened(dealt.box).ready)
    dealt.put()
    back = SigningKeys(VaultShelf(dealt.own("services"), 0)).jwks(now + 1)
    assert [key["kid"] for key in back["keys"]] == [newest.kid, first.kid]


def test_seeds_that_are_none_are_refused(dealt):
    dealt.put()
    opened(dealt.box).write(credentials.path(dealt.name, "services"), {"yesterday": "xyz"})
    with pytest.raises(BadSecret) as refused:
        VaultShelf(dealt.own("services"), 0)
    assert "xyz" not in str(refused.value)


def test_the_archivers_passwords_come_over_its_environment(dealt, monkeypatch):
    dealt.put()
    own = dealt.own("archiver")
    env = {"GLOBELET_VAULT": own.url, "GLOBELET_VAULT_TOKEN_FILE": str(own.token), "GLOBELET_VAULT_PATH": own.path}
    read = Settings.read(overlaid({**env, "AWS_SECRET_ACCESS_KEY": ""}, 0))
    assert (read.secret_key, read.immudb_password) == ("for the stores", "for immuDB")
    assert overlaid({"HOME": "/"}) == {"HOME": "/"}


def test_a_vault_that_is_away_and_a_token_that_is_not_there_are_told(tmp_path):
    own = OwnPath("http://127.0.0.1:9", tmp_path / "token", "globelet/w/tokyo")
    with pytest.raises(NoToken, match="globelet up"):
        own.wait(0)
    own.token.write_text("t0k3n")
    with pytest.raises(VaultAway, match="globelet up") as told:
        own.wait(0)
    assert "t0k3n" not in str(told.value)
    assert os.environ.get("GLOBELET_VAULT") is None
