"""What a run concludes: orders, receipts, figures, gate, invariants, verdict."""

import json
from pathlib import Path

import pytest

from globelet._native import types as native
from globelet.client.account import Key
from globelet.client.orders import Opening, Transfer
from globelet.client.problem import EndedOtherwise, WaitedTooLong
from globelet.client.receipt import Receipt
from globelet.scenarios import invariants, records
from globelet.scenarios.figures import figures, percentile
from globelet.scenarios.invariants import Mark
from globelet.scenarios.report import html
from globelet.scenarios.result import EXIT_STATUS, Expectation, Host, Invariant, LinkTruth, Result, verdict
from globelet.scenarios.scenario import NoScenario, load
from globelet.scenarios.world import World
from globelet.world import load as load_world

pytestmark = pytest.mark.unit
A, B = Key.derive("a").public, Key.derive("b").public
CALM = Host(saturated=False, cpu_seconds=1, max_rss_mb=100)


class Told:
    """Chains that tell a given course of states, one after another."""

    def __init__(self, *states: dict) -> None:
        self.states = list(states)

    def transfer(self, municipality, order):
        return self.states[-1] if self.states else None

    def follow(self, municipality, order, seen, timeout):
        for state in self.states:
            if seen(state):
                return


def receipt(*steps: dict, wire: float = 100.0, nonce: int = 1) -> Receipt:
    order = Transfer(1, 0, 3, A, B, 5, nonce, 99)
    return Receipt(order, "tokyo", "paris", wire, 1_000_000, Told(*steps))


def step(stage: str, ms: float, **more) -> dict:
    return {"stage": stage, "micros": 1_000_000 + int(ms * 1000), **more}


CREDITED = [step("admitted", 1), step("committed", 20), step("credited", 110)]


def test_signing_bytes_are_those_of_the_rust_side():
    order = Transfer(2**63 + 7, 1, 513, A, B, 10**15, 42, 1_800_000_000_000_000)
    fields = {
        "world": order.world,
        "source": 1,
        "destination": 513,
        "from": A,
        "to": B,
        "amount": order.amount,
        "nonce": 42,
        "expires_us": order.expires_us,
    }
    assert order.signing_bytes() == native.signing_bytes(fields)
    assert order.id == native.order_id(fields)
    opening = Opening(3, 258, A, 77)
    fields = {"world": 3, "municipality": 258, "account": A, "expires_us": 77}
    assert opening.signing_bytes() == native.signing_bytes(fields)
    assert opening.id == native.order_id(fields)


def test_waiting_climbs_the_ladder_and_tells_each_step_once():
    told = []
    found = receipt(*CREDITED, CREDITED[-1]).wait("credited", 1, lambda stage, ms: told.append((stage, ms)))
    assert told == [("admitted", 1), ("committed", 20), ("credited", 110)]
    assert found.stretch == pytest.approx(1.1)
    assert found.as_dict()["state"] == "credited"


def test_waiting_ends_when_the_stage_cannot_come():
    refused = step("refused", 2, refusal={"code": "overdrawn", "detail": "no"})
    with pytest.raises(EndedOtherwise) as caught:
        receipt(refused).wait("credited", 1)
    assert caught.value.code == "overdrawn"
    with pytest.raises(WaitedTooLong, match="reached: admitted"):
        receipt(step("admitted", 1)).wait("credited", 0.01)
    with pytest.raises(ValueError, match="not a stage"):
        receipt().wait("crditd")
    with pytest.raises(LookupError):
        _ = receipt().stretch
    refunded = receipt(step("refunded", 300), step("anchored", 900))
    assert refunded.wait("anchored", 1).ended == "refunded"


def test_percentiles_are_nearest_rank():
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, q) for q in (0.5, 0.9, 0.99, 0.999)] == [50, 90, 99, 100]
    assert percentile([3.0], 0.5) == 3
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_figures_count_every_end():
    some = [
        receipt(*CREDITED),
        receipt(step("refunded", 1), nonce=2),
        receipt(step("refused", 1), nonce=3),
        receipt(nonce=4),
    ]
    for one in some:
        for state in one._chains.states:
            one.absorb(state)
    found = figures(some)
    assert [found[n] for n in ("transfers", "credited", "refused", "refunded", "unfinished")] == [4, 1, 1, 1, 1]
    assert found["credited_ms"]["p50"] == 110
    assert found["per_pair"][0]["stretch"]["p99"] == pytest.approx(1.1)


def ledger(
    chain: str, *, balances: int, sent: int = 0, credited: int = 0, head: str = "aa", height: int = 3, **more
) -> dict:
    other = "paris" if chain == "tokyo" else "tokyo"
    replica = {
        "node": f"{chain}-r0",
        "height": height,
        "head": head,
        "supply": 100,
        "balances": balances,
        "sent": {other: sent},
        "credited": {other: credited},
        "lanes": {},
        **more,
    }
    return {"chain": chain, "kind": "municipal", "height": height, "head": head, "replicas": [replica]}


def test_conservation_counts_what_is_in_transit():
    assert invariants.conservation(
        [ledger("tokyo", balances=70, sent=30), ledger("paris", balances=110, credited=10)]
    ).holds
    assert not invariants.conservation(
        [ledger("tokyo", balances=70, sent=30), ledger("paris", balances=140, credited=40)]
    ).holds
    assert not invariants.conservation(
        [ledger("tokyo", balances=71, sent=30), ledger("paris", balances=110, credited=10)]
    ).holds
    assert invariants.conservation(
        [ledger("tokyo", balances=100, sent=30, refunded={"paris": 30}), ledger("paris", balances=100)]
    ).holds
    assert invariants.conservation([]).holds is None


def test_agreement_durability_completeness_and_order():
    one, other = ledger("tokyo", balances=100), ledger("tokyo", balances=100, head="bb")
    assert invariants.agreement([one]).holds
    assert not invariants.agreement([one, other]).holds
    assert invariants.durability([one], [Mark("tokyo", 3)]).holds
    assert not invariants.durability([one], [Mark("tokyo", 4)]).holds
    assert invariants.durability([one], []).holds is None
    mark = Mark("tokyo", 2, "aa")
    assert "1 of them compared" in invariants.durability([one], [mark], lambda *_: {"aa"}).detail
    assert not invariants.durability([one], [mark], lambda *_: {"bb"}).holds
    assert not invariants.durability([one], [mark], lambda *_: {"aa", "bb"}).holds
    assert "0 of them compared" in invariants.durability([one], [mark], lambda *_: set()).detail
    assert invariants.marks([one], lambda *_: {"cc"}) == [Mark("tokyo", 3, "cc")]
    gap = ledger("tokyo", balances=100) | {}
    gap["replicas"][0]["lanes"] = {"paris": {"next": 3, "seen_upto": 1, "gaps": [[2, 2]]}}
    assert not invariants.completeness([gap], []).holds
    assert (invariants.lanes([gap]).holds, invariants.lanes([one]).holds) == (None, True)
    assert not invariants.completeness([one], [receipt()]).holds
    backwards, both = receipt(nonce=5), receipt(nonce=6)
    for state in (step("committed", 9), step("credited", 8)):
        backwards.absorb(state)
    for state in (step("credited", 8), step("refunded", 9)):
        both.absorb(state)
    assert not invariants.time_order([backwards]).holds
    assert not invariants.once([both]).holds


def test_complete_means_acknowledged_anchored_and_archived():
    whole, behind, turned_away = receipt(nonce=1), receipt(nonce=2), receipt(nonce=3)
    for one in (whole, behind):
        for stage in ("admitted", "credited", "acknowledged"):
            one.absorb(step(stage, 9))
    whole.absorb(step("anchored", 9))
    turned_away.absorb(step("refused", 9))
    ended = Invariant(name="completeness", holds=True, detail="all ended")
    assert records.complete(ended, [whole, turned_away], {whole.id}).holds
    assert records.complete(ended, [whole, turned_away], None).holds
    assert not records.complete(ended, [whole], set()).holds
    found = records.complete(ended, [whole, behind], {whole.id, behind.id})
    assert not found.holds
    assert "2 admitted: 2 acknowledged, 1 anchored, 2 archived" in found.detail
    assert not records.complete(Invariant(name="completeness", holds=False, detail="gaps"), [whole], None).holds


def true_link(holds: bool) -> LinkTruth:
    return LinkTruth.model_validate(
        {
            "from": "a",
            "to": "b",
            "declared_ms": 1,
            "measured_p50_ms": 1,
            "measured_p99_ms": 1,
            "within_tolerance": holds,
        }
    )


@pytest.mark.parametrize(
    ("expected", "invariant", "link", "error", "ruling"),
    [
        (True, True, True, None, "pass"),
        (False, True, True, None, "fail"),
        (True, None, True, None, "pass"),
        (True, True, False, None, "invalid"),
        (False, True, False, None, "invalid"),
        (True, False, False, None, "fail"),
        (True, True, True, "ValueError: x", "fail"),
    ],
)
def test_the_verdict(expected, invariant, link, error, ruling):
    found, reasons = verdict(
        [Expectation(name="x", value=1, bound="= 1", holds=expected)],
        [Invariant(name="i", holds=invariant, detail="d")],
        [true_link(link)],
        CALM,
        error,
    )
    assert found == ruling
    assert bool(reasons) == (ruling != "pass")
    assert set(EXIT_STATUS) == {"pass", "fail", "invalid"}


def test_the_result_has_the_contracts_names():
    result = Result(
        scenario="<s>",
        engine="local",
        world="w",
        seed=1,
        verdict="pass",
        expectations=[],
        invariants=[],
        links=[true_link(True)],
        figures=figures([]),
        host=CALM,
        repeat="globelet run x",
    )
    document = json.loads(result.model_dump_json(by_alias=True))
    assert {
        "scenario",
        "engine",
        "world",
        "seed",
        "verdict",
        "expectations",
        "invariants",
        "links",
        "figures",
        "host",
        "repeat",
    } <= set(document)
    assert set(document["links"][0]) == {
        "from",
        "to",
        "declared_ms",
        "measured_p50_ms",
        "measured_p99_ms",
        "within_tolerance",
    }
    page = html(result)
    assert "&lt;s&gt;" in page
    assert "<s>" not in page


def test_expectations_note_what_does_not_hold():
    class Ground:
        world = load_world("tokyo-paris")

    world = World(Ground(), 1)
    assert world.expect("a", 1.0, at_most=1.0)
    assert not world.expect("b", None, at_most=1.0)
    assert not world.expect("c", float("nan"), at_least=1.0)
    assert not world.expect("d", "x", equals="y")
    assert [e.holds for e in world.expectations] == [True, False, False, False]
    with pytest.raises(ValueError, match="needs"):
        world.expect("e", 1)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "scenarios").glob("*.py")), ids=lambda p: p.stem)
def test_every_scenario_file_loads_and_says_what_it_is(path):
    found = load(path)
    assert found.name == path.stem
    assert found.body.__doc__
    assert "sleep" not in path.read_text()


def test_a_file_without_a_scenario_is_refused(tmp_path):
    (tmp_path / "x.py").write_text("a = 1\n")
    with pytest.raises(NoScenario, match="0 scenarios"):
        load(tmp_path / "x.py")
    (tmp_path / "y.py").write_text("1/0\n")
    with pytest.raises(NoScenario, match="ZeroDivisionError"):
        load(tmp_path / "y.py")
    with pytest.raises(NoScenario, match="no file"):
        load(tmp_path / "z.py")
