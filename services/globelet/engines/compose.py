"""The compose engine: a container per chain beside real stores, a real bus and Shopify's Toxiproxy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from globelet.client.city_hall import CityHall
from globelet.consul import Consul
from globelet.engines import catalog, chain_services, credentials, ports
from globelet.engines.compose_project import ComposeProject, build_images, folder
from globelet.engines.containers import Containers
from globelet.engines.emulator import Emulator
from globelet.engines.engine import Progress, Status, silent
from globelet.engines.errors import LinksUntrue, OtherWorld, UnknownProcess
from globelet.engines.routes import allocate, crossings, routes
from globelet.engines.settings import Settings
from globelet.engines.standing import StandingWorld
from globelet.engines.state import StateDirectory, default_root
from globelet.engines.stored import StoredReceipts
from globelet.scenarios.result import LinkTruth
from globelet.scenarios.truth import unproven
from globelet.vault import Vault
from globelet.world.resolved import ResolvedWorld

LINKS, SERVICES, ARCHIVER = "toxiproxy", "services", "archiver"
STORES = ("mongo", "dynamodb", "minio", "redpanda", "immudb", "redis")
MEMORY_GB = 4.0
_READY_TIMEOUT, _STORE_TIMEOUT = 90.0, 180.0
# Links are looked at this often before they are called untrue: a machine that has just started a world is busy.
_LOOKS = 4
# Toxiproxy draws its jitter without a plan, so a median needs more samples than our own emulator's; and it spends more
# on a probe than the probe itself.
_SAMPLES, _SPACING_MS, _SLOWER = 64, 150.0, 4


class ComposeEngine(StandingWorld):
    """Runs a world in containers of this machine's Docker engine. It outlives the command that started it."""

    name = "compose"

    def __init__(
        self,
        world: ResolvedWorld,
        root: Path | None = None,
        *,
        mirror: bool | None = None,
        overlays: Sequence[str] | None = None,
    ) -> None:
        state = StateDirectory(root or default_root(f"{world.name}.compose"))
        self._settings = Settings(state, folder(), mirror, overlays)
        world = chain_services.contained(world)
        emulator = Emulator(f"http://127.0.0.1:{self._settings.port('TOXIPROXY')}", world, "0.0.0.0")  # noqa: S104
        services = (f"http://127.0.0.1:{self._settings.port(name)}" for name in ("IDENTITY", "PRESENCE"))
        super().__init__(world, state, emulator, *services)
        self._containers = Containers(self.project)
        self._archiver = CityHall(ARCHIVER, f"http://127.0.0.1:{self._settings.port('ARCHIVER')}")
        self._stored: StoredReceipts | None = None

    @classmethod
    def existing(cls, name: str, root: Path | None = None) -> ComposeEngine:
        """The engine of a world that was started before. Raises `NotUp` where there is none."""
        return cls(StateDirectory(root or default_root(f"{name}.compose")).load_world(name), root)

    @property
    def project(self) -> str:
        """The name of its Compose project."""
        return f"globelet-{self.world.name}"

    def _compose(self) -> ComposeProject:
        files = [*self._settings.files(), self._state.root / "chains.yaml"]
        return ComposeProject(self.project, files, self._settings.environments(), self._state.logs / "compose.log")

    def up(self, progress: Progress = silent) -> Status:
        """Starts what does not run: stores, links, services, nodes; then measures the links. Raises `EngineError`."""
        self._containers.check(MEMORY_GB)
        self._need_own()
        self._state.claim(self.world)
        compose = self._compose()
        compose.check()
        self._need_ports()
        self._deal(progress)
        self._prepare()
        self._need_images(compose, progress)
        self._start_vault(compose, progress)
        self._start_stores(compose, progress)
        self._start_links(progress)
        self._start_services(compose, progress)
        self._start_nodes(compose, progress)
        self._start_others(compose, progress)
        self._verify_links(progress)
        return self.status()

    def only_the_mirror_is_here(self) -> bool:
        """Whether a new world would have to fetch the official images while the mirror's are built."""
        if self._settings.chosen:
            return False
        mirrored = self._containers.has_image("globelet/mirror-toxiproxy")
        return mirrored and not self._containers.has_image(self._settings.image("TOXIPROXY"))

    def _need_own(self) -> None:
        """The project's containers were made for this state directory. Raises `OtherWorld`."""
        for name, container in self._containers.all().items():
            made_for = container.labels.get("globelet.state", str(self.state.resolve()))
            if made_for != str(self.state.resolve()):
                raise OtherWorld(
                    f"the container {name} of project {self.project} belongs to the state in {made_for}; "
                    f"name that one in GLOBELET_STATE, or take that world down first"
                )

    def _need_ports(self) -> None:
        """Every published port is free, unless a container of this world holds it."""
        running = {name for name, c in self._containers.all().items() if c.status in ("running", "paused")}
        wanted = [(p.name, p.http_port) for p in self.world.processes] + self._settings.published()
        for name, port in wanted:
            if name not in running:
                ports.require("127.0.0.1", port, name)

    def _prepare(self) -> None:
        """Writes what the containers are given: routes, their folders, the chains' Compose file, the environment."""
        wanted = crossings(self.world)
        listening = allocate(wanted, dict(self._state.read("ports.json") or {}), lambda start, _taken: start)
        self._state.write("ports.json", listening)
        self._state.write("routes.json", routes(wanted, listening, LINKS))
        in_vault = self._settings.vaulted
        chain_services.lay_out(self._state.root, self.processes(), in_vault=in_vault)
        chain_services.lay_out_services(self._state.root)
        chain_services.lay_out_desk(self._state.root)
        text = yaml.safe_dump(chain_services.compose_file(self.world, in_vault=in_vault), sort_keys=False)
        (self._state.root / "chains.yaml").write_text(text)
        self._settings.write(self.world)

    def _need_images(self, compose: ComposeProject, progress: Progress) -> None:
        """Builds or pulls what is missing. Raises `ImageMissing` or `ComposeFailed`."""
        wanted = sorted(set(compose.run("config", "--images").split()))
        missing = [name for name in wanted if not self._containers.has_image(name)]
        own = [name for name in missing if name.startswith("globelet/")]
        for done, name in enumerate(sorted(set(missing) - set(own))):
            progress(f"images: fetching {name}", done, len(missing))
            self._containers.pull(name)
        if own:
            log = self._state.logs / "images.log"
            progress(f"images: building {', '.join(own)}; log {log}", len(missing) - len(own), len(missing))
            build_images(folder(), own, mirror=self._settings.mirror, log=log)
        progress("images", len(missing), len(missing))

    def _start_vault(self, compose: ComposeProject, progress: Progress) -> None:
        """With the overlay: Vault and Consul, and in them what they have not, for both forget when they end."""
        if not self._settings.vaulted:
            return
        vault = Vault(self.address("VAULT"), self._settings.secret("GLOBELET_VAULT_ROOT_TOKEN"))
        consul = Consul(self.address("CONSUL"))
        progress("vault and consul", 0, 2)
        compose.run("up", "--detach", "--no-build", "--pull", "never", "vault", "consul")
        self._await("vault", vault.ready, _READY_TIMEOUT)
        credentials.put(self._state.root, self.world.name, self.processes(), vault, self.environment())
        progress("vault and consul", 1, 2)
        self._await("consul", consul.ready, _READY_TIMEOUT)
        consul.keep(catalog.write(self.world, self._state.root / "chains" / SERVICES))
        progress("vault and consul", 2, 2)

    def _start_stores(self, compose: ComposeProject, progress: Progress) -> None:
        names = [LINKS, *STORES]
        progress("stores", 0, len(names))
        compose.run("up", "--detach", "--no-build", "--pull", "never", *names)
        for done, name in enumerate(names):
            progress(f"stores: {name}", done, len(names))
            self._await(name, lambda name=name: self._containers.healthy(name), _STORE_TIMEOUT)  # type: ignore[misc]
        progress("stores", len(names), len(names))

    def _start_links(self, progress: Progress) -> None:
        listening = dict(self._state.read("ports.json") or {})
        progress("links", 0, len(listening))
        self._await(LINKS, self._emulator.ready, _READY_TIMEOUT)
        self._emulator.populate(listening)
        progress("links", len(listening), len(listening))

    def _start_services(self, compose: ComposeProject, progress: Progress) -> None:
        progress("services", 0, 1)
        compose.run("up", "--detach", "--no-build", "--pull", "never", "--no-deps", SERVICES)
        assert self._identity is not None
        self._await(SERVICES, self._identity.ready, _READY_TIMEOUT)
        progress("services", 1, 1)

    def _start_nodes(self, compose: ComposeProject, progress: Progress) -> None:
        names = self.processes()
        compose.run("up", "--detach", "--no-build", "--pull", "never", "--no-deps", *names, ARCHIVER)
        for done, name in enumerate(names):
            progress(f"nodes: {name}", done, len(names))
            self._await(name, self.hall(name).ready, _READY_TIMEOUT)
        progress("nodes", len(names), len(names))
        progress("archiver", 0, 1)
        self._await(ARCHIVER, self._archiver.healthy, 60.0)
        progress("archiver", 1, 1)

    def _start_others(self, compose: ComposeProject, progress: Progress) -> None:
        """What overlays add: metrics, a laboratory, load."""
        known = {LINKS, *STORES, SERVICES, ARCHIVER, *self.processes()}
        if names := sorted(set(compose.run("config", "--services").split()) - known):
            compose.run("up", "--detach", "--no-build", "--pull", "never", "--no-deps", *names)
            for done, name in enumerate(names):
                progress(f"others: {name}", done, len(names))
                self._await(name, lambda name=name: self._containers.healthy(name), _STORE_TIMEOUT)  # type: ignore[misc]

    def _await(self, name: str, ready: Callable[[], bool], timeout: float) -> None:
        self._containers.await_ready(name, ready, timeout, self._state.logs)

    def _verify_links(self, progress: Progress) -> None:
        """Measures every link in both directions; the world is not ready before all are as declared."""
        looks: list[list[dict[str, Any]]] = []
        declared = len(self.world.links) + len(self.world.internet)
        for number in range(_LOOKS):
            progress("measuring links", number, _LOOKS)
            looks.append(self.measured_links(_SAMPLES))
            left, late = unproven(self.world, looks)
            if not left:
                progress("measuring links", _LOOKS, _LOOKS)
                return
        raise LinksUntrue(f"{declared - left} of {declared} as declared" + _named(late))

    def down(self, *, wipe: bool = False) -> None:
        """Stops and removes the containers; volumes and state stay unless `wipe`."""
        self._need_own()
        if (self._state.root / "chains.yaml").exists():
            self._compose().run("down", *(["--volumes"] if wipe else []), "--timeout", "15", "--remove-orphans")
        if wipe:
            self._state.wipe()

    def anything_runs(self) -> bool:
        """Whether any container of this world runs."""
        return any(c.status in ("running", "paused") for c in self._containers.all().values())

    def services(self) -> list[str]:
        """Names of the containers that host no node: stores, bus, links, services."""
        return [name for name in self._containers.all() if name not in self.processes()]

    def status(self) -> Status:
        """Samples every container over a fifth of a second."""
        rows = self._containers.rows([*self.processes(), *sorted(self.services())], self._nodes)
        shown = self._municipal_endpoints()
        return Status(self.world.name, self.name, rows, self._emulator.url, shown)

    def _container(self, name: str) -> str:
        """A chain's process, or any other container of the world. Raises `UnknownProcess`."""
        if name not in (known := [*self.processes(), *self.services()]):
            raise UnknownProcess(name, known)
        return name

    def kill(self, process: str) -> None:
        """SIGKILL to the container."""
        self._containers.kill([self._container(process)])

    def stop(self, process: str) -> None:
        """Asks a container to end, as an orderly shutdown would."""
        self._containers.stop([self._container(process)])

    def stop_all(self) -> None:
        """SIGKILL to every container that hosts nodes, in one go."""
        self._containers.kill(self.processes())

    def restart(self, process: str | None = None) -> None:
        """Starts what is down and waits until it is ready; links that were lost are made again."""
        names = [self._container(process)] if process else self.processes()
        self._containers.start(names)
        if LINKS in names:
            self._start_links(silent)
        for name in names:
            chain = name in self.processes()
            ready = self.hall(name).ready if chain else lambda name=name: self._containers.healthy(name)  # type: ignore[misc]
            self._await(name, ready, _READY_TIMEOUT if chain else _STORE_TIMEOUT)

    def pause(self, process: str) -> None:
        """Freezes the container."""
        self._containers.get(self._container(process)).pause()

    def resume(self, process: str) -> None:
        """Lets it go on."""
        self._containers.get(self._container(process)).unpause()

    def identity_keys(self) -> Path:
        """In the folder of the container that makes them."""
        return self._state.root / "chains" / "services" / "identity"

    def measured_links(self, samples: int, spacing_ms: float = _SPACING_MS) -> list[dict[str, Any]]:
        """As on every live engine, in less of a hurry; with more samples, unless few are asked for beside a load."""
        if samples < _SAMPLES // 2:
            return super().measured_links(samples, _SLOWER * spacing_ms)
        return super().measured_links(max(samples, _SAMPLES), max(spacing_ms, _SPACING_MS))

    def archived(self, orders: Sequence[str]) -> dict[str, dict[str, Any]] | None:
        """From DynamoDB, by key; nothing while it is away."""
        return self.stored().stages(orders)

    def stored(self) -> StoredReceipts:
        """The receipts that DynamoDB has."""
        if self._stored is None:
            self._stored = self._settings.stored(self.world.name)
        return self._stored

    def address(self, name: str) -> str:
        """Where this machine reaches what publishes the port `GLOBELET_<NAME>_PORT`."""
        return f"http://127.0.0.1:{self._settings.port(name)}"

    def environment(self) -> dict[str, str]:
        """What a tool on this machine needs to reach the stores and the bus, secrets among it."""
        return self._settings.environment(self.world.name)

    def collect(self, target: Path) -> None:
        """Every container's log, its use of the machine, and why it ended if it did."""
        self._containers.show(target)


def _named(late: Sequence[LinkTruth]) -> str:
    """The worst of them, in words."""
    if not late:
        return ", the others carry nothing"
    link = max(late, key=lambda one: abs((one.measured_p50_ms or 1e6) - one.declared_ms))
    measured = "nothing" if link.measured_p50_ms is None else f"{link.measured_p50_ms:.2f} ms"
    return f", the worst {link.named}, declared {link.declared_ms:.2f} ms, measured {measured}"
