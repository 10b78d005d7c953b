"""A world over two Docker engines, Asia on one and Europe on the other, one of which dies and comes back.

What the world promises for that loss: Asia goes on; what was committed towards Europe is neither lost nor given back
nor paid twice; when Europe returns from its disks, everything ends credited and anchored, and every invariant holds.
The global chain has two replicas on each side and needs three: it stands still meanwhile, and nobody waits for it.
"""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.swarm

ASIA, EUROPE = ["tokyo", "osaka", "seoul"], ["paris", "london", "hesse"]
MINUTES = 60.0


def test_each_continent_runs_on_its_own_engine(deployed):
    where = {row["service"]: row["node"] for row in deployed.swarm.tasks(deployed.stack)}
    assert {where[name] for name in [*ASIA, "asia", "globe-asia", "toxiproxy", "services"]} == {"one"}
    assert {where[name] for name in [*EUROPE, "europe", "globe-europe"]} == {"two"}


def test_nothing_is_published(deployed):
    listed = deployed.swarm.published(deployed.stack)
    assert listed == {}


def test_a_transfer_crosses_from_one_engine_to_the_other(client, figures):
    figures["connected_s"] = client("ready", timeout=5 * MINUTES)["seconds"]
    client("open", municipalities=[*ASIA, *EUROPE])
    began = time.monotonic()
    client("send", group="first", source="tokyo", to="paris", count=1)
    ladder = client("wait", group="first", stage="credited", timeout=1 * MINUTES)["first"]
    figures["first_credited_s"] = time.monotonic() - began
    figures["first_credited_ms_since_click"] = ladder["credited"]
    client("wait", group="first", stage="anchored", timeout=2 * MINUTES)


@pytest.fixture(scope="module")
def lost(client, engines):
    """The second engine dies with everything in it, while transfers are on their way there."""
    client("mark")
    client("send", group="under way", source="tokyo", to="paris", count=20)
    engines.run("kill", "two")
    client("wait", group="under way", stage="committed", timeout=1 * MINUTES)


def test_without_europe_asia_commits_credits_and_is_acknowledged(client, lost, figures):
    before = client("heights", chains=[*ASIA, "asia"])
    client("send", group="asia", source="tokyo", to="osaka", count=10)
    client("send", group="asia", source="seoul", to="tokyo", count=10)
    client("wait", group="asia", stage="credited", timeout=2 * MINUTES)
    ladder = client("wait", group="asia", stage="acknowledged", timeout=2 * MINUTES)["first"]
    figures |= {f"asia_alone_{stage}_ms": ladder[stage] for stage in ("committed", "credited", "acknowledged")}
    after = client("heights", chains=[*ASIA, "asia"])
    assert all(after[name] > before[name] for name in before)
    assert all("anchored" not in stages for stages in client("stages", group="asia")), "two of four are no quorum"


def test_without_europe_what_was_sent_there_stays_committed(client, lost):
    client("send", group="to europe", source="osaka", to="london", count=10)
    client("wait", group="to europe", stage="committed", timeout=1 * MINUTES)
    # More of Asia's rounds pass, as later transfers show, and the earlier ones still wait.
    client("send", group="later", source="osaka", to="seoul", count=5)
    client("wait", group="later", stage="acknowledged", timeout=2 * MINUTES)
    for stages in client("stages", group="to europe"):
        assert "committed" in stages
        assert not {"delivered", "credited", "refunded", "refused"} & set(stages)
    for stages in client("stages", group="under way"):
        assert not {"refunded", "refused"} & set(stages)


def test_the_swarm_moves_nobody_to_a_machine_without_their_disks(deployed, lost):
    homeless = {*EUROPE, "europe", "globe-europe"}

    def given_up() -> bool:
        return set(dict(deployed.swarm.missing(deployed.stack))) == homeless

    # The manager takes three missed heartbeats.
    assert deployed.wait_until(given_up, 4 * MINUTES), deployed.swarm.tasks(deployed.stack)
    assert deployed.swarm.lost() == ["two"]


def test_when_the_engine_returns_every_transfer_ends_credited_and_every_invariant_holds(
    client, deployed, engines, figures, lost
):
    began = time.monotonic()
    engines.run("start", "two")
    client("ready", timeout=10 * MINUTES)
    figures["return_connected_s"] = time.monotonic() - began
    for group in ("under way", "to europe"):
        client("wait", group=group, stage="credited", timeout=5 * MINUTES)
    figures["return_credited_s"] = time.monotonic() - began
    for group in ("first", "under way", "asia", "to europe", "later"):
        client("wait", group=group, stage="anchored", timeout=5 * MINUTES)
    figures["return_anchored_s"] = time.monotonic() - began
    client("send", group="home", source="paris", to="tokyo", count=5)
    client("wait", group="home", stage="anchored", timeout=2 * MINUTES)
    checks = client("checks", timeout=2 * MINUTES)
    assert len(checks) == 8
    assert [check for check in checks if check["holds"] is not True] == []
