"""Tokyo pays Paris while nothing is wrong: one transfer in full, then two hundred at light load."""

from globelet import World, scenario
from globelet.scenarios.figures import percentile


@scenario(world="tokyo-paris", seed=7)
def tokyo_pays_paris(world: World) -> None:
    """The time from click to credited stays close to the wire."""
    alice, bob = world.account("tokyo", balance=10_000), world.account("paris")
    receipt = alice.send(bob, 1_250).wait("credited")
    world.expect("first stretch", receipt.stretch, at_most=1.6)
    world.expect("bob's balance", bob.balance, equals=1_250)

    receipts = world.load(rate=20, seconds=12, pairs=[("tokyo", "paris")])
    stretches = [r.stretch for r in receipts if r.ended == "credited"]
    world.expect("credited", len(stretches), at_least=200)
    world.expect("stretch p50", percentile(stretches, 0.5), at_most=1.25)
    world.expect("stretch p99", percentile(stretches, 0.99), at_most=1.6)
    receipt.wait("anchored")
