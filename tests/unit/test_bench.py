"""What benchmarks make of numbers: ratios, aims, counts, samples."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from globelet.bench import hop, kernels, profile, rates, stages, table
from globelet.bench.figure import Aim, figure, significant
from globelet.bench.load import Load, Player, mixes
from globelet.bench.metrics import Counts
from globelet.bench.operations import estimate, operations
from globelet.bench.processor import per_thousand
from globelet.bench.run import BENCHMARKS
from globelet.bench.session import Session
from globelet.bench.threads import by_part, minus
from globelet.client.receipt import Receipt
from globelet.scenarios.world import World
from globelet.world import load as load_world

pytestmark = pytest.mark.unit


def test_a_ratio_is_value_over_baseline_and_the_aim_is_judged_on_what_it_names():
    row = figure("g", "n", 3.0, "ms", against="b", baseline=2.0, aim=Aim(1.4, "ratio"))
    assert (row.ratio, row.holds, row.aim) == (1.5, False, "ratio ≤ 1.4")
    assert figure("g", "n", 3.0, "ms", against="b", baseline=2.0, aim=Aim(3.0)).holds is True
    assert figure("g", "n", 3.0, "/s", aim=Aim(3.5, side="least")).holds is False


def test_an_aim_is_judged_before_rounding():
    assert figure("g", "n", 1.20004, "wires", baseline=1.0, aim=Aim(1.2, "ratio")).holds is False


@pytest.mark.parametrize(("value", "baseline"), [(None, 1.0), (1.0, None), (1.0, 0.0), (math.nan, 1.0)])
def test_without_numbers_there_is_no_ratio_and_no_verdict(value, baseline):
    row = figure("g", "n", value, "s", baseline=baseline, aim=Aim(5, "ratio"))
    assert (row.ratio, row.holds) == (None, None)


def test_significant_digits():
    assert [significant(v) for v in (0.00123456, 123456.0, None, math.inf)] == [0.001235, 123500.0, None, None]


def test_the_document_counts_aims_and_the_table_has_every_figure():
    rows = [
        figure("one", "a", 1.0, "s", aim=Aim(2)),
        figure("one", "b", 3.0, "s", against="a", baseline=1.0, aim=Aim(2), how="estimated"),
        figure("two", "c", None, "s"),
    ]
    made = table.document(rows, ["a note"], world="tokyo-paris", quick=True)
    assert made["aims"] == {"judged": 2, "hold": 1}
    assert set(made["figures"][0]) == {
        *("group", "name", "value", "unit", "against", "baseline", "ratio", "aim", "holds", "how"),
    }
    shown = table.groups(rows)
    assert shown["one"][1] == ["b (estimated)", "3", "s", "3", "a (1)", "≤ 2", "NO"]
    assert [len(r) for r in shown.values()] == [2, 1]


def test_metrics_of_all_processes_are_added_up():
    text = '# HELP x y\nglobelet_core_work_total{work="hold"} 2\nglobelet_orders_submitted_total 5\n# EOF\n'
    counts = Counts.read([text, text])
    assert counts.by("core_work_total", "work") == {"hold": 4.0}
    assert counts.get("orders_submitted_total") == 10.0
    assert counts.minus(Counts.read([text])).get("orders_submitted_total") == 5.0
    assert counts.get("missing") == 0.0


def test_threads_belong_to_parts():
    used = {
        ("tokyo", "core"): 1.0,
        ("paris", "core"): 2.0,
        ("tokyo", "log"): 0.5,
        ("tokyo", "globelet-node"): 4.0,
        ("links", "core"): 8.0,
        ("services", "python"): 16.0,
    }
    assert by_part(used) == {"core": 3.0, "disk": 0.5, "network": 4.0, "links": 8.0, "services": 16.0}
    assert minus({("a", "b"): 3.0, ("a", "new"): 1.0}, {("a", "b"): 2.0}) == {("a", "b"): 1.0, ("a", "new"): 1.0}


def test_idle_cost_is_taken_off_per_second_played():
    load = Load(10, 1.0, 500, [], used={("tokyo", "core"): 3.0}, span=10.0)
    assert per_thousand(load, {("tokyo", "core"): 0.1})["core"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("limit", "low", "high"), [(1_200, 1_000, 1_200), (300, 250, 300), (30, 25, 30), (5, 0, 0), (9e9, 5e3, 9e9)]
)
def test_the_search_names_a_rate_that_was_borne(limit, low, high):
    asked = []

    def bears(rate: float) -> bool:
        asked.append(rate)
        return rate <= limit

    found = rates.search(bears, 100.0)
    assert low <= found <= high
    assert found == 0 or found in asked
    assert len(asked) <= 11


def _counts(**work: float) -> Counts:
    samples = {f'globelet_core_work_total{{work="{name}"}}': value for name, value in work.items()}
    return Counts(samples | {"globelet_orders_submitted_total": 10.0})


def test_operations_follow_from_the_messages_handled():
    world = load_world("tokyo-paris")  # four replicas, three holders, five proofs
    done = operations(_counts(hold=60, vote=12, open=9, parcel=16), world)
    assert done["encryption"] == {"seal": 10, "check_sealed": 30, "decryption_share": 3, "combine": 40}
    assert done["signatures"]["verify_of_batch"] == 4 * 10 + 4 * 5 * 10 + 12
    assert done["erasure"] == {"cut_shards": 44, "rebuild": 4}
    costs = estimate(_counts(hold=60), world, lambda kernel: 1.0 if kernel == "seal" else 0.0)
    assert costs == {"signatures": 0.0, "encryption": 10.0, "erasure": 0.0}


PERF = """core             12/13
\tffff0 curve25519_dalek::straus
\tffff1 globelet_signatures::batch::verify_batch
\tffff2 globelet_protocol::state::municipal::hold

globelet-node    12/12
\tffff0 memcpy
\tffff1 tonic::codec

log              12/14
\tffff0 fdatasync

python           77/77
\tffff0 memcpy
"""


def test_samples_go_to_the_innermost_known_frame():
    assert [s[:2] for s in profile.samples(PERF)] == [(12, "core"), (12, "globelet-node"), (12, "log"), (77, "python")]
    found = profile.shares(PERF, {12: "tokyo", 77: "services"})
    assert found == {"signatures": 0.25, "network": 0.25, "disk": 0.25, "services": 0.25}
    assert profile.kind_of("tokyo", "core", ["memcpy", "[unknown]"]) == profile.LEDGER
    assert profile.shares("", {}) == {}


def test_without_perf_nothing_is_sampled_and_nothing_is_played(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert profile.sample(cast(Session, None), "everyone", 10.0) is None


def test_a_hop_is_what_it_adds_to_a_plain_connection():
    plain = hop.Hop([0.1] * 100, [0.2] * 100)
    ours, peer = hop.Hop([0.2] * 100, [0.25] * 100, 10.0), hop.Hop([0.4] * 100, [0.4] * 100, 40.0)
    found = {row.name: row for row in hop.figures(plain, ours) + hop.against_peer(plain, ours, peer)}
    assert found["round trip p50"].ratio == 2.0
    assert found["added by the hop, p50"].value == 100.0
    assert found["delay of 10 ms is off by, p50"].value == 0.05
    assert found["delay of 10 ms is off by, p50"].holds is True
    assert found["added by a hop, p50, beside Toxiproxy"].ratio == pytest.approx(1 / 3, rel=1e-3)
    assert found["processor time per round trip, beside Toxiproxy"].holds is True


def test_a_load_that_loses_or_lingers_is_not_borne():
    receipt = SimpleNamespace(ended="credited", stretch=1.1, source="tokyo", destination="paris")
    world = cast(World, SimpleNamespace(spec=load_world("tokyo-paris")))

    def load(rested: bool = True, **changes: Any) -> Load:
        late = SimpleNamespace(**{**vars(receipt), **changes})
        return Load(10, 1.0, 2, cast(list[Receipt], [receipt, late]), rested)

    assert rates.bearable(world, load())
    assert not rates.bearable(world, load(rested=False))
    assert not rates.bearable(world, load(ended="refused"))
    assert not rates.bearable(world, load(ended=None))
    assert not rates.bearable(world, load(stretch=2.1))
    assert rates.bearable(world, load(stretch=9.0, destination="osaka")), "only oceans count"


def test_mixes_cross_oceans_where_they_say_so():
    spec = load_world("tokyo-paris")
    world = cast(World, SimpleNamespace(spec=spec))
    made = mixes(world)
    assert made["light"].pairs == [("tokyo", "paris")]
    assert (len(made["everyone"].pairs), len(made["ocean"].pairs)) == (36, 18)
    assert ("tokyo", "osaka") not in made["ocean"].pairs


def test_the_round_trip_of_a_quorum_is_to_its_farthest_needed_member():
    spec = load_world("tokyo-paris")
    trip = stages.quorum_trip_ms(spec, "tokyo")
    asia = next(c for c in spec.chains if c.name == "tokyo").parent
    assert asia is not None
    regions = [n.region for n in spec.members(asia, "replica")]
    trips = sorted((spec.link(regions[0], r).delay_us + spec.link(r, regions[0]).delay_us) / 1e3 for r in regions[1:])
    assert trip == trips[1]
    with pytest.raises(ValueError, match="no continent"):
        stages.quorum_trip_ms(spec, next(c.name for c in spec.chains if c.parent is None))


def test_kernels_are_timed_by_the_operation():
    calls: list[int] = []
    assert kernels.best(calls.append, quick=True) >= 0
    assert calls[-1] >= calls[0] == 1
    assert kernels.Costs(quick=True).of("hash_1k") > 0
    with pytest.raises(KeyError, match="no kernel"):
        kernels.Costs(quick=True).of("nonsense")


def test_every_benchmark_has_a_function():
    assert list(BENCHMARKS) == [
        "kernels",
        "policy",
        "hop",
        "rates",
        "stages",
        "token",
        "processor",
        "events",
        "memory",
        "highest",
    ]
    assert all(callable(rows) for rows in BENCHMARKS.values())


def test_a_plan_is_evenly_spaced_and_signed_for_its_pairs():
    spec = load_world("tokyo-paris")

    def accounts(place: str, count: int, balance: int) -> list[Any]:
        return [SimpleNamespace(id=f"{place}{i}", municipality=place) for i in range(count)]

    bank = SimpleNamespace(
        transfer_order=lambda a, b, amount: SimpleNamespace(id=f"{a.id}{b.id}"),
        body=lambda a, b, order: {},
        token=lambda a: None,
        receipt=lambda order, a, b, at: (a.municipality, b.municipality),
    )
    world = cast(World, SimpleNamespace(spec=spec, seed=1, bank=bank, accounts=accounts))
    player = Player(world, dict, Counts)
    planned, receipts = player.plan(mixes(world)["light"], 100, 0.5)
    assert [p.due_us for p in planned[:3]] == [0, 10_000, 20_000]
    assert len(planned) == 50
    assert cast(Any, receipts[0]) == ("tokyo", "paris")
