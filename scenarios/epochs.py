"""Committees change hands under load, three times at least, and nobody who pays notices.

Receipts prove themselves from before and after. With `--adversary equivocator` a member of each committee contradicts
itself, and loses its seat for good.
"""

from globelet import World, scenario
from globelet.scenarios.figures import percentile

EPOCHS = 3


@scenario(world="elections", seed=17)
def epochs(world: World) -> None:
    """Standbys get seats, a power cut across a handover loses nothing, and nobody who pays notices."""
    alice, bob = world.account("tokyo", balance=10_000), world.account("paris")
    first = world.committee("tokyo")
    before = alice.send(bob, 1).wait("credited")
    sat = set(first.members)
    receipts = []
    for round_ in range(16):
        load = world.begin_load(rate=10, seconds=3, weights="population")
        if round_ == 1:
            world.process("paris").kill()
            world.run_for(0.5)
            world.process("paris").restart()
        receipts += load.finish(settle=60)
        now = world.committee("tokyo")
        sat |= set(now.members)
        if now.epoch >= EPOCHS and world.committee("paris").epoch >= EPOCHS:
            break
    after = alice.send(bob, 1).wait("credited")
    for receipt in (before, after):
        receipt.wait("anchored")
    last = world.committee("tokyo")
    world.expect("handovers in tokyo", last.epoch, at_least=EPOCHS)
    world.expect("handovers in paris", world.committee("paris").epoch, at_least=EPOCHS)
    world.expect("standbys that had a seat in tokyo", len(sat - set(first.members)), at_least=1)
    world.expect("seats", len(last.members), equals=len(first.members))
    world.expect("credited", sum(r.ended == "credited" for r in receipts), equals=len(receipts))
    world.expect("bob's balance", bob.balance, equals=2)
    stretches = [r.stretch for r in receipts if r.ended == "credited" and r.source != r.destination]
    world.expect("stretch p50", percentile(stretches, 0.5), at_most=2.0)
