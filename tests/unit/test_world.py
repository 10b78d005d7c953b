"""Worlds: what resolves, what is refused, and where the message points."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globelet import world
from globelet.world import atlas, template

pytestmark = pytest.mark.unit


def mistakes(folder: Path, text: str) -> list[tuple[int, int, str, str]]:
    file = folder / "world.yaml"
    file.write_text(text, encoding="utf-8")
    return [(m.line, m.column, m.where, m.message) for m in world.check(file)]


def test_tokyo_paris_is_54_nodes_in_9_processes() -> None:
    resolved = world.load("tokyo-paris")
    assert (len(resolved.nodes), len(resolved.processes), len(resolved.links)) == (54, 9, 36)
    assert [c.name for c in resolved.municipalities()] == ["tokyo", "osaka", "seoul", "paris", "london", "hesse"]
    assert [n.name for n in resolved.members(0)] == [
        *(f"tokyo-r{i}" for i in range(4)),
        *(f"tokyo-h{i}" for i in range(3)),
    ]
    ports = {p.name: (p.http_port, p.node_port) for p in resolved.processes}
    assert ports["tokyo"] == (6100, 16100)
    assert ports["europe"] == (6201, 16201)
    assert ports["globe"] == (6300, 16300)
    globe = [resolved.regions[n.region] for n in resolved.members(8)]
    assert globe == ["tokyo", "paris", "osaka", "london"]


def test_earth_has_every_municipality_and_seven_global_replicas() -> None:
    resolved = world.load("earth")
    assert set(resolved.regions) == set(atlas.municipalities())
    assert len(resolved.members(len(resolved.chains) - 1)) == 7
    for number in range(len(resolved.chains)):
        assert len(resolved.members(number, "replica")) >= 4


@pytest.mark.parametrize("name", ["tokyo-paris", "earth"])
def test_tables_hold_together(name: str) -> None:
    resolved = world.load(name)
    order = [(node.chain, node.role != "replica") for node in resolved.nodes]
    assert order == sorted(order)
    assert len({node.name for node in resolved.nodes}) == len(resolved.nodes)
    ports = [port for process in resolved.processes for port in (process.http_port, process.node_port)]
    assert len(set(ports)) == len(ports)
    for chain in resolved.chains:
        kinds = {"municipal": "continental", "continental": "global", "global": None}
        parent = None if chain.parent is None else resolved.chains[chain.parent].kind
        assert parent == kinds[chain.kind]
    for node in resolved.nodes:
        if resolved.chains[node.chain].kind == "municipal":
            assert resolved.regions[node.region] == resolved.chains[node.chain].name


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Data in which Setagaya has been moved to Osaka."""
    folder = tmp_path / "data"
    shutil.copytree(atlas.data_folder(), folder)
    cities = folder / "cities.csv"
    rows = cities.read_text(encoding="utf-8")
    cities.write_text(rows.replace("35.64188,139.64715", "34.69374,135.50218"), encoding="utf-8")
    monkeypatch.setattr(atlas, "data_folder", lambda: folder)
    atlas.municipalities.cache_clear()
    yield
    atlas.municipalities.cache_clear()


def test_every_city_lies_in_the_outline_of_its_municipality() -> None:
    assert set(atlas.outlines().ids) == set(atlas.municipalities())
    for place in atlas.municipalities().values():
        outside = [c.name for c in place.cities if not atlas.lies_in(place.name, c.latitude, c.longitude)]
        assert outside == [], place.name
        assert atlas.outlines().find(place.cities[0].longitude, place.cities[0].latitude) == place.name
    # Across the river from Virginia, farther than the outline is off.
    assert atlas.lies_in("virginia", 38.80484, -77.04692)
    assert not atlas.outlines().holds("virginia", -77.04692, 38.80484)
    assert not atlas.lies_in("virginia", 38.80484, -77.03)
    assert not atlas.lies_in("tokyo", 35.0, 181.0)
    assert atlas.lies_in("atlantis", 0.0, 0.0)


@pytest.mark.usefixtures("moved")
def test_a_city_outside_of_its_municipality_is_a_mistake(tmp_path: Path) -> None:
    text, _ = template.write("moved", ["paris", "tokyo"], 7)
    file = tmp_path / "world.yaml"
    file.write_text(text, encoding="utf-8")
    (found,) = world.check(file)
    assert found.line == text[: text.index("asia: [tokyo]")].count("\n") + 1
    assert "Setagaya, at 34.69374, 135.50218, lies outside of the outline of tokyo: mend its row" in found.message


def test_links_are_half_the_measured_round_trip_with_its_spread() -> None:
    link = world.load("tokyo-paris").link("tokyo", "paris")
    assert link.delay_us == 109_650  # 219.3 ms there and back
    there_and_back = link.jitter_us / 1000 * math.sqrt(2)
    assert there_and_back * 1.2816 == pytest.approx(225.6 - 219.3, abs=0.01)


def test_the_same_file_gives_the_same_bytes() -> None:
    assert world.load("earth").to_json() == world.load("earth").to_json()
    assert json.loads(world.load("earth").to_json())["links"][0]["from"] == 0


def test_defaults_filled_in_read_back_as_the_same_world(tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(world.read("tokyo-paris").to_yaml(), encoding="utf-8")
    assert world.load(file) == world.load("tokyo-paris")
    assert "shards_needed: 3" in file.read_text(encoding="utf-8")


def test_packing_changes_processes_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(world.find("tokyo-paris").read_text(encoding="utf-8") + "\npack: node\n", encoding="utf-8")
    spread, packed = world.load(file), world.load("tokyo-paris")
    assert [p.name for p in spread.processes] == [n.name for n in packed.nodes]
    assert [n.process for n in spread.nodes] == list(range(54))
    assert [n.model_copy(update={"process": 0}) for n in spread.nodes] == [
        n.model_copy(update={"process": 0}) for n in packed.nodes
    ]
    assert spread.links == packed.links


@pytest.mark.parametrize(("jitter", "factor"), [("false", 0.0), ("true", 1.0), ("0.5", 0.5)])
def test_jitter_can_be_scaled_and_links_overridden(tmp_path: Path, jitter: str, factor: float) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(
        "name: two\ncontinents: {asia: [tokyo], europe: [paris]}\nlinks:\n"
        f"  jitter: {jitter}\n  overrides: [{{from: paris, to: tokyo, delay_ms: 5, loss: 0.25}}]\n",
        encoding="utf-8",
    )
    resolved = world.load(file)
    assert resolved.link("tokyo", "paris").jitter_us == pytest.approx(3476 * factor, abs=1)
    back = resolved.link("paris", "tokyo")
    assert (back.delay_us, back.loss) == (5_000, 0.25)
    assert resolved.link("tokyo", "paris").delay_us == 109_650


BROKEN = """\
name: Tokyo Paris
sede: 7
continents:
  asia: [tokio, sydney]
  europe: [paris, paris, osaka]
municipal: {replicas: 3}
continental:
  placement: {europe: [paris, tokyo], africa: [western-cape]}
links:
  jitter: often
  overrides:
    - {from: paris, to: sydny, dely_ms: 3}
parameters: {proofs_needed: 9}
pack: nodes
"""


def test_lane_keys_are_agreed_on_by_x_wing_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    two = "name: two\ncontinents: {asia: [tokyo], europe: [paris]}\n"
    for more, expected in (("", "x-wing"), ("parameters: {lane_kem: sntrup761}\n", "sntrup761")):
        file.write_text(two + more, encoding="utf-8")
        assert world.load(file).parameters.lane_kem == expected
    (mistake,) = mistakes(tmp_path, two + "parameters: {lane_kem: ntru}\n")
    assert mistake[:3] == (3, 24, "parameters.lane_kem")
    assert "x-wing" in mistake[3]
    assert "sntrup761" in mistake[3]


def test_candidates_beyond_the_seats_stand_by_with_their_stakes() -> None:
    resolved = world.load("elections")
    assert [n.name for n in resolved.members(0, "replica")] == [f"tokyo-r{i}" for i in range(6)]
    assert [n.stake for n in resolved.members(0, "replica")] == [100, 100, 100, 100, 200, 50]
    assert {n.stake for n in resolved.members(0, "holder")} == {100}
    assert [(c.kind, c.seats) for c in resolved.chains if c.seats] == [("municipal", 4)] * 4
    assert resolved.parameters.epoch_us == 5_000_000
    assert {c.seats for c in world.load("tokyo-paris").chains} == {None}


@pytest.mark.parametrize(
    ("more", "where", "says"),
    [
        ("municipal: {candidates: 4, replicas: 7}", "municipal.candidates", "at least 7"),
        ("municipal: {candidates: 5, stakes: [1, 2, 3, 4]}", "municipal.stakes", "4 stakes for 5 candidates"),
        ("municipal: {stakes: [1, 0, 3, 4]}", "municipal.stakes", "above 0 for at least 4"),
        ("municipal: {stakes: [1, -1, 3, 4]}", "municipal.stakes[1]", "at least 0"),
        ("parameters: {epoch_us: 5}", "parameters.epoch_us", "0, or at least 1000000"),
        ("parameters: {place_share_ppm: 2000000}", "parameters.place_share_ppm", "at most 1000000"),
    ],
)
def test_who_cannot_be_elected_is_told_at_the_door(tmp_path: Path, more: str, where: str, says: str) -> None:
    found = mistakes(tmp_path, f"name: x\ncontinents: {{asia: [tokyo]}}\n{more}\n")
    assert [m[2] for m in found] == [where]
    assert says in found[0][3]


def test_every_mistake_comes_at_once_with_its_place_and_mend(tmp_path: Path) -> None:
    found = {where: (line, column, message) for line, column, where, message in mistakes(tmp_path, BROKEN)}
    assert found["name"][:2] == (1, 7)
    assert found["sede"] == (2, 1, "no such field: did you mean seed?")
    assert found["continents.asia[0]"] == (4, 10, "no municipality is called tokio: did you mean tokyo?")
    assert "write new-south-wales" in found["continents.asia[1]"][2]
    assert found["continents.europe[1]"] == (5, 19, "paris is listed twice: remove one")
    assert found["continents.europe[2]"] == (5, 26, "osaka lies in asia: move it there")
    assert found["municipal.replicas"] == (6, 23, "must be at least 4, not 3")
    assert "places 2 replicas" in found["continental.placement.europe"][2]
    assert found["continental.placement.europe[1]"][:2] == (8, 31)
    assert "not in this world" in found["continental.placement.africa"][2]
    assert found["links.jitter"] == (10, 11, "must be true, false or a number, not often")
    assert "did you mean new-south-wales" in found["links.overrides[0].to"][2]
    assert "did you mean delay_ms" in found["links.overrides[0].dely_ms"][2]
    assert "must be at most 7" in found["parameters.proofs_needed"][2]
    assert found["pack"][0] == 14
    assert len(found) == 15


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", (1, 1), "must hold fields"),
        ("name: [x\n", (2, 1), "not YAML"),
        ("name: x\n", (1, 1), "missing"),
        ("name: no\ncontinents: {asia: [tokyo]}\n", (1, 7), "put it in quotes"),
        ("name: x\nname: y\ncontinents: {asia: [tokyo]}\n", (2, 1), "stands twice"),
        ("name: x\ncontinents: &a {asia: *a}\n", (1, 1), "nested too deeply"),
        ("name: x\ncontinents: {asia: [tokyo]}\nlinks: {source: none.csv}\n", (3, 17), "no file none.csv"),
        ("name: x\ncontinents: {asia: []}\n", (2, 20), "at least 1"),
        ("name: x\ncontinents: {asia: [tokyo]}\nmunicipal: 3\n", (3, 12), "fields of its own"),
    ],
)
def test_each_mistake_is_placed(tmp_path: Path, text: str, place: tuple[int, int], says: str) -> None:
    line, column, _, message = mistakes(tmp_path, text)[0]
    assert (line, column) == place
    assert says in message


def test_aliases_of_aliases_are_bounded(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert "more than 100000 values" in mistakes(tmp_path, "\n".join(lines))[0][3]


def test_an_unknown_world_names_the_nearest() -> None:
    with pytest.raises(world.WorldError, match="did you mean tokyo-paris"):
        world.load("tokyo-pari")


@given(st.text(max_size=200))
def test_any_text_is_answered(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert world.check(file)


@given(st.lists(st.sampled_from(sorted(atlas.municipalities())), min_size=1, max_size=15))
def test_any_choice_of_municipalities_makes_a_world(
    tmp_path_factory: pytest.TempPathFactory, places: list[str]
) -> None:
    text, _ = template.write("chosen", places, 7)
    file = tmp_path_factory.getbasetemp() / "chosen.yaml"
    file.write_text(text, encoding="utf-8")
    assert set(world.load(file).regions) == set(places)
