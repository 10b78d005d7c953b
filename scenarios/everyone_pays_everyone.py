"""Every municipality pays every other, as their populations have it, at 500 transfers a second for half a minute."""

from globelet import World, scenario
from globelet.scenarios.figures import percentile


@scenario(world="tokyo-paris", seed=11)
def everyone_pays_everyone(world: World) -> None:
    """Under load nothing is lost, nothing is refused, and committing stays quick."""
    receipts = world.load(rate=world.rate(500), seconds=30, weights="population")
    world.expect("credited", sum(r.ended == "credited" for r in receipts), equals=len(receipts))
    committed = [r.stages["committed"] for r in receipts if "committed" in r.micros]
    world.expect("committed p99, ms", percentile(committed, 0.99), at_most=450)
    pairs = {(r.source, r.destination) for r in receipts}
    world.expect("pairs that traded", len(pairs), equals=len(world.spec.municipalities()) ** 2)
