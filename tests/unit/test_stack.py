"""The stack file of a world: what a swarm takes, who gets which secret, what runs where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from globelet.engines import chain_services, continents, stack_places
from globelet.engines.stack import StackOptions, stack_file, turns
from globelet.engines.stack_files import CONFIG_MOST, Files
from globelet.engines.stack_places import SwarmNode, settle
from globelet.engines.swarm_errors import NotForSwarm, TooLarge, Unplaced
from globelet.world import load

pytestmark = pytest.mark.unit


@pytest.fixture(params=["tokyo-paris", "earth"])
def world(request):
    return chain_services.contained(continents.apart(load(request.param)))


def merged(world, root: Path) -> dict:
    """What `docker compose config` would say of a world's chains, with a store and identity beside them."""
    values = {"GLOBELET_CHAIN_IMAGE": "chain", "GLOBELET_UID": "10001", "GLOBELET_GID": "10001"}
    values |= {"GLOBELET_STATE_DIR": str(root), "GLOBELET_CHAIN_MEMORY": "218103808"}
    text = json.dumps(chain_services.compose_file(world))
    config = json.loads(re.sub(r"\$\{(\w+)(:-[^}]*)?\}", lambda found: values[found[1]], text))
    for process in world.processes:
        folder = root / "chains" / process.name / "secrets"
        folder.mkdir(parents=True)
        (folder / f"{process.name}.key").write_text(f"of {process.name}")
        (folder.parent / "genesis.json").write_text("{}")
        service = config["services"][process.name]
        source, target = service["volumes"][0].split(":")
        service["volumes"] = [{"type": "bind", "source": source, "target": target}]
        port = process.http_port
        service["ports"] = [
            {"host_ip": "127.0.0.1", "target": port, "published": str(port), "mode": "ingress", "protocol": "tcp"}
        ]
    config["services"]["mongo"] = {
        "image": "mongo:8",
        "entrypoint": None,
        "command": ["mongod"],
        "mem_limit": "469762048",
        "cpu_shares": 512,
        "restart": "no",
        "container_name": "mongo",
        "profiles": ["stores"],
        "depends_on": {"toxiproxy": {"condition": "service_healthy"}},
        "tmpfs": ["/tmp:exec"],
        "volumes": [{"type": "volume", "source": "mongo", "target": "/data/db", "volume": {}}],
    }
    return {"name": "globelet-x", "services": config["services"], "volumes": {"mongo": {"name": "globelet-x_mongo"}}}


@pytest.fixture
def stack(world, tmp_path):
    return stack_file(merged(world, tmp_path), world, StackOptions("globelet-swarm-x"))


def test_no_process_lies_on_two_continents_and_packing_else_stays_as_it_was(world):
    assert all(len(continents.of_process(world, i)) == 1 for i in range(len(world.processes)))
    whole = load(world.name)
    assert [n.name for n in world.nodes] == [n.name for n in whole.nodes]
    assert [n.region for n in world.nodes] == [n.region for n in whole.nodes]
    kept = {p.name for p in whole.processes} & {p.name for p in world.processes}
    assert kept == {p.name for p in whole.processes} - {"globe"}
    ports = [port for p in world.processes for port in (p.http_port, p.node_port)]
    assert len(ports) == len(set(ports))


def test_a_split_process_keeps_its_nodes_together_by_continent():
    world = continents.apart(load("tokyo-paris"))
    names = {p.name: i for i, p in enumerate(world.processes)}
    regions = {
        name: {world.regions[n.region] for n in world.nodes if n.process == names[name]}
        for name in ("globe-asia", "globe-europe")
    }
    assert regions == {"globe-asia": {"tokyo", "osaka"}, "globe-europe": {"paris", "london"}}


def test_what_a_stack_file_refuses_is_not_in_it(stack):
    refused = {"name", "profiles", "depends_on", "container_name", "mem_limit", "restart", "tmpfs", "cpu_shares"}
    refused |= {"security_opt", "build"}
    assert "name" not in stack
    for name, service in stack["services"].items():
        assert not refused & set(service), name
        assert service["deploy"]["resources"]["limits"]["memory"]
        assert service["deploy"]["restart_policy"]["condition"] == "any"
    assert yaml.safe_load(yaml.safe_dump(stack)) == stack


def test_an_update_ends_the_old_task_before_the_new_one_starts(stack):
    for service in stack["services"].values():
        assert service["deploy"]["replicas"] == 1
        assert service["deploy"]["update_config"]["order"] == "stop-first"
        assert service["deploy"]["update_config"]["parallelism"] == 1


def test_an_emptied_entrypoint_gives_way_to_the_command(stack):
    assert stack["services"]["tokyo"]["entrypoint"][0] == "globelet-node"
    assert "command" not in stack["services"]["tokyo"]
    assert stack["services"]["mongo"]["command"] == ["mongod"]
    assert "entrypoint" not in stack["services"]["mongo"]


def test_nothing_of_this_machine_is_mounted_and_volumes_are_the_stacks_own(stack):
    for name, service in stack["services"].items():
        assert {mount["type"] for mount in service["volumes"]} <= {"volume", "tmpfs"}, name
    assert {"type": "volume", "source": "tokyo-state", "target": "/state"} in stack["services"]["tokyo"]["volumes"]
    # A volume's name under Compose would be shared with a Compose project on the same engine.
    assert all(volume == {} for volume in stack["volumes"].values())


def test_a_swarms_tmpfs_runs_no_programs_so_such_a_folder_is_a_volume(stack):
    assert {"type": "volume", "source": "mongo-tmp", "target": "/tmp"} in stack["services"]["mongo"]["volumes"]


def test_each_chain_is_given_its_own_secrets_and_nobody_elses(stack, world):
    for process in world.processes:
        given = stack["services"][process.name]["secrets"]
        assert [one["target"] for one in given] == [f"/state/secrets/{process.name}.key"]
        path = Path(stack["secrets"][given[0]["source"]]["file"])
        assert path.read_text() == f"of {process.name}"
        assert {(one["uid"], one["gid"], one["mode"]) for one in given} == {("10001", "10001", 0o400)}
        assert [one["target"] for one in stack["services"][process.name]["configs"]] == ["/state/genesis.json"]


def test_a_changed_file_is_another_config_and_the_same_file_is_one(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "routes.json").write_text("1")
    service = {"user": "5:6", "volumes": [{"type": "bind", "source": str(tmp_path / "a"), "target": "/state"}]}
    files = Files("s")
    first = files.of("one", service)["configs"]
    assert files.of("two", service)["configs"] == first
    assert len(files.configs) == 1
    (tmp_path / "a" / "routes.json").write_text("2")
    assert files.of("one", service)["configs"][0]["source"] != first[0]["source"]
    assert all(len(one["name"]) <= 64 for one in files.configs.values())


def test_a_file_that_a_swarm_cannot_carry_is_told_with_its_size(tmp_path):
    (tmp_path / "big").write_bytes(bytes(CONFIG_MOST + 1))
    mount = {"type": "bind", "source": str(tmp_path / "big"), "target": "/big"}
    with pytest.raises(TooLarge, match=str(CONFIG_MOST + 1)):
        Files("s").of("one", {"volumes": [mount]})
    with pytest.raises(NotForSwarm, match="is not there"):
        Files("s").of("one", {"volumes": [{**mount, "source": str(tmp_path / "none")}]})


def test_nothing_is_published_unless_asked_for_and_then_by_its_own_node(world, tmp_path):
    config = merged(world, tmp_path)
    kept = stack_file(config, world, StackOptions("s"))["services"]["tokyo"]
    assert "ports" not in kept
    shown = stack_file(config, world, StackOptions("s", publish=True))["services"]["tokyo"]["ports"]
    assert shown == [{"target": 6100, "published": 6100, "protocol": "tcp", "mode": "host"}]


def test_chains_go_to_their_continents_and_all_else_to_what_is_shared(stack):
    def place(name: str) -> list[str]:
        return stack["services"][name]["deploy"]["placement"]["constraints"]

    assert place("tokyo") == place("asia") == ["node.labels.globelet.continent.asia == true"]
    assert place("paris") == ["node.labels.globelet.continent.europe == true"]
    assert place("mongo") == ["node.labels.globelet.shared == true"]


def test_a_service_stays_where_it_was_first_and_others_take_turns():
    world = continents.apart(load("tokyo-paris"))
    asia, europe = {"globelet.continent.asia": "true"}, {"globelet.continent.europe": "true"}
    nodes = [SwarmNode("a1", "a1", asia), SwarmNode("a2", "a2", asia), SwarmNode("e", "e", europe)]
    homes = settle(world, ["osaka", "paris", "seoul", "tokyo"], nodes, {"tokyo": "a2"})
    assert homes == {"osaka": "a1", "paris": "e", "seoul": "a2", "tokyo": "a2"}
    # One more machine, and nobody moves: a volume is where it was made.
    more = settle(world, ["osaka", "paris", "seoul", "tokyo"], [SwarmNode("a0", "a0", asia), *nodes], homes)
    assert more == homes
    assert stack_places.constraints(world, "tokyo", homes)[-1] == "node.id == a2"


def test_a_label_that_no_node_has_is_told_with_the_mend():
    world = continents.apart(load("tokyo-paris"))
    with pytest.raises(Unplaced, match=r"docker node update --label-add globelet.continent.europe=true NODE"):
        settle(world, ["paris"], [SwarmNode("a", "one", {"globelet.continent.asia": "true"})], {})


def test_a_machine_alone_needs_every_label(world):
    wanted = stack_places.labels(world)
    assert "globelet.shared" in wanted
    one = [SwarmNode("i", "i", dict.fromkeys(wanted, "true"))]
    assert set(settle(world, [p.name for p in world.processes], one, {}).values()) == {"i"}


def test_an_update_changes_one_service_at_a_time_and_ends_with_what_is_wanted(stack):
    now = yaml.safe_load(yaml.safe_dump(stack))
    for name in ("tokyo", "asia"):
        now["services"][name]["image"] = "older"
    now["services"]["gone"] = now["services"]["mongo"]
    now["configs"]["old-routes"] = {"file": "routes"}
    images = [
        {name: step["services"][name]["image"] for name in ("tokyo", "asia")} | {"gone": "gone" in step["services"]}
        for step in turns(now, stack)
    ]
    assert len(images) == 3
    assert sorted(images[0].values(), key=str) == [True, "chain", "older"]
    assert images[1:] == [{"tokyo": "chain", "asia": "chain", "gone": last} for last in (True, False)]
    # Services that wait for their turn still need what they were given.
    assert "old-routes" in next(turns(now, stack))["configs"]
    assert list(turns(stack, stack)) == list(turns({"services": {}}, stack)) == [stack]
