"""The compose engine's files: chain services of any world, each container's own folder, settings, versions."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from globelet.engines import catalog, chain_services, settings
from globelet.engines.compose_project import folder, version
from globelet.engines.containers import Containers
from globelet.engines.errors import OldDocker, TooLittleMemory
from globelet.engines.state import StateDirectory
from globelet.world import load

pytestmark = pytest.mark.unit


@pytest.fixture(params=["tokyo-paris", "earth"])
def world(request):
    return chain_services.contained(load(request.param))


def test_every_process_is_a_service_reached_by_its_name(world):
    services = chain_services.compose_file(world)["services"]
    assert list(services) == [p.name for p in world.processes] == [p.host for p in world.processes]


def test_nothing_is_published_beyond_loopback_and_no_container_is_root(world):
    for name, service in chain_services.compose_file(world)["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert service["user"] == "${GLOBELET_UID}:${GLOBELET_GID}"
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["mem_limit"]


def test_each_process_is_labelled_with_the_continent_it_lies_on():
    world = load("tokyo-paris")
    labels = {
        name: service["labels"]["globelet.continent"]
        for name, service in chain_services.compose_file(world)["services"].items()
    }
    assert labels["tokyo"] == labels["asia"] == "asia"
    assert labels["paris"] == "europe"
    assert labels["globe"] == "globe"


def dealt(root: Path, names: list[str]) -> None:
    (root / "secrets" / "tls").mkdir(parents=True)
    for file in ("genesis.json", "routes.json", "world.json", "ports.json", "secrets/tls/ca.crt"):
        (root / file).write_text(file)
    for name in names:
        for file in (f"secrets/{name}.key", f"secrets/tls/{name}.crt", f"secrets/tls/{name}.key"):
            (root / file).write_text(f"{file} of {name}")


def test_a_container_finds_its_own_secrets_and_nobody_elses(tmp_path):
    dealt(tmp_path, ["tokyo", "paris"])
    chain_services.lay_out(tmp_path, ["tokyo", "paris"])
    folder = tmp_path / "chains" / "tokyo"
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    own = {"secrets/tokyo.key", "secrets/tls/ca.crt", "secrets/tls/tokyo.crt", "secrets/tls/tokyo.key"}
    assert found == own | {"genesis.json", "routes.json"}
    user, _ = chain_services.owner()
    assert {path.stat().st_uid for path in [folder, *folder.rglob("*")]} == {user}


def test_laying_out_again_brings_new_routes_and_leaves_a_chains_own_files(tmp_path):
    dealt(tmp_path, ["tokyo"])
    chain_services.lay_out(tmp_path, ["tokyo"])
    log = tmp_path / "chains" / "tokyo" / "nodes" / "log"
    log.parent.mkdir()
    log.write_text("what it promised")
    (tmp_path / "routes.json").write_text("others")
    chain_services.lay_out(tmp_path, ["tokyo"])
    assert (tmp_path / "chains" / "tokyo" / "routes.json").read_text() == "others"
    assert log.read_text() == "what it promised"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("20.10.24+dfsg1", (20, 10)), ("v2.24.1-desktop.1", (2, 24)), ("5.0.0", (5, 0)), ("dev", (0, 0))],
)
def test_versions_are_read_as_they_are_written(text, numbers):
    assert version(text) == numbers


@pytest.fixture
def compose(tmp_path):
    folder = tmp_path / "compose"
    folder.mkdir()
    names = [*settings._PUBLISHED, *(name for ports in settings._OVERLAID.values() for name in ports)]
    ports = "".join(f"GLOBELET_{name}_PORT={20_000 + i}\n" for i, name in enumerate(names))
    (folder / ".env").write_text(f"# pinned\n{ports}GLOBELET_CHAIN_IMAGE=globelet/chain:latest\n")
    return folder


def test_secrets_are_made_once_for_a_world_and_only_its_owner_reads_them(tmp_path, compose):
    state = StateDirectory(tmp_path / "state")
    state.root.mkdir()
    settings.Settings(state, compose, mirror=True).write(load("tokyo-paris"))
    path = state.root / "compose.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = settings.read(path)
    assert len(first["AWS_SECRET_ACCESS_KEY"]) >= 24
    again = settings.Settings(state, compose, mirror=None)
    again.write(load("tokyo-paris"))
    assert settings.read(path) == first
    assert again.mirror, "a world that was started on the mirror stays on it"


def test_the_environment_overrides_a_port_of_the_file(tmp_path, compose, monkeypatch):
    state = StateDirectory(tmp_path / "state")
    assert settings.Settings(state, compose, mirror=False).port("MONGO") == 20_003
    monkeypatch.setenv("GLOBELET_MONGO_PORT", "30000")
    chosen = settings.Settings(state, compose, mirror=False)
    assert chosen.port("MONGO") == 30_000
    assert ("mongo", 30_000) in chosen.published()


@pytest.mark.parametrize(
    ("overlay", "mirror", "more"),
    [
        ("lab", True, {"jupyter"}),
        ("load", True, {"locust"}),
        ("vault", True, {"vault", "consul"}),
        ("observability", True, {"prometheus"}),
        ("observability", False, {"prometheus", "grafana"}),
        ("mine.yaml", False, set()),
    ],
)
def test_a_port_that_an_overlay_publishes_is_looked_at_too(tmp_path, compose, overlay, mirror, more):
    def names(*overlays: str) -> set[str]:
        chosen = settings.Settings(StateDirectory(tmp_path / "state"), compose, mirror, overlays)
        return {service for service, _ in chosen.published()}

    assert names(overlay) - names() == more


def test_every_port_that_a_compose_file_publishes_is_one_that_is_looked_at():
    told = {name for ports in (settings._PUBLISHED, *settings._OVERLAID.values()) for name in ports}
    files = list(folder().glob("compose*.yaml"))
    found = {name for file in files for name in re.findall(r"127\.0\.0\.1:\$\{GLOBELET_(\w+)_PORT\}", file.read_text())}
    assert found == told


class _Engine(BaseHTTPRequestHandler):
    """Answers as a Docker engine that says this of itself."""

    about: ClassVar[dict[str, object]] = {}

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41", "MinAPIVersion": "1.12"} | self.about).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("version", "memory", "refusal", "words"),
    [
        ("19.3.1", 16e9, OldDocker, r"19\.3\.1 and 20\.10 or newer is needed"),
        ("28.0.1", 2e9, TooLittleMemory, r"2\.0 GB of memory and this world needs 4\.0 GB"),
        ("20.10.24+dfsg1", 16e9, None, ""),
    ],
)
def test_an_old_engine_and_one_with_too_little_memory_are_told_at_the_door(
    monkeypatch, version, memory, refusal, words
):
    monkeypatch.setattr(_Engine, "about", {"Version": version, "ServerVersion": version, "MemTotal": memory})
    with ThreadingHTTPServer(("127.0.0.1", 0), _Engine) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        try:
            with pytest.raises(refusal, match=words) if refusal else nullcontext():
                Containers("globelet-none").check(4.0)
        finally:
            server.shutdown()


def test_the_world_file_of_the_chains_is_json_and_yaml_alike(world):
    document = chain_services.compose_file(world)
    assert json.loads(json.dumps(document)) == document
    assert os.sep not in "".join(document["services"])


def test_with_the_overlay_a_folder_has_no_secret_and_without_it_no_token(tmp_path):
    dealt(tmp_path, ["tokyo"])
    folder = tmp_path / "chains" / "tokyo"
    chain_services.lay_out(tmp_path, ["tokyo"])
    chain_services.lay_out(tmp_path, ["tokyo"], in_vault=True)
    assert {p.name for p in folder.rglob("*")} == {"genesis.json", "routes.json"}
    (folder / "vault.token").write_text("its token")
    chain_services.lay_out(tmp_path, ["tokyo"])
    assert (folder / "secrets" / "tokyo.key").exists()
    assert not (folder / "vault.token").exists()


def test_with_the_overlay_a_chain_is_told_where_vault_and_consul_are_and_nothing_else(world):
    plain, vaulted = chain_services.command("tokyo"), chain_services.command("tokyo", in_vault=True)
    assert "--vault" not in plain
    assert "--consul" not in plain
    assert "--jwks" not in vaulted
    assert vaulted[vaulted.index("--vault-token") + 1] == "/state/vault.token"
    found = {tuple(s["command"]) for s in chain_services.compose_file(world, in_vault=True)["services"].values()}
    assert all("--vault" in words for words in found)


def test_a_root_token_is_made_for_the_overlay_alone(tmp_path, compose):
    state = StateDirectory(tmp_path / "state")
    state.root.mkdir()
    settings.Settings(state, compose, mirror=True).write(load("tokyo-paris"))
    assert "GLOBELET_VAULT_ROOT_TOKEN" not in settings.read(state.root / "compose.env")
    vaulted = settings.Settings(state, compose, mirror=True, overlays=["vault"])
    vaulted.write(load("tokyo-paris"))
    first = vaulted.secret("GLOBELET_VAULT_ROOT_TOKEN")
    again = settings.Settings(state, compose, mirror=True)
    again.write(load("tokyo-paris"))
    assert again.vaulted
    assert again.secret("GLOBELET_VAULT_ROOT_TOKEN") == first


def test_everybody_is_in_the_catalogue_once_with_the_place_it_stands_in(world):
    entries = catalog.entries(world)
    assert len({e.name for e in entries}) == len(entries) == len(world.processes) + 11
    chains = [e for e in entries if e.service == "chain"]
    assert {(e.host, e.port) for e in chains} == {(p.host, p.http_port) for p in world.processes}
    assert all(e.meta["continent"] and e.meta["count"] == str(len(chains)) for e in chains)
    assert next(e for e in chains if e.name == "paris").meta["municipality"] == "paris"
