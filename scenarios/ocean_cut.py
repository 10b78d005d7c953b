"""The Tokyo-Paris link is down for five seconds and then loses packets: Asia does not notice, and nothing is lost."""

from globelet import World, scenario
from globelet.scenarios.figures import percentile

AT_HOME, ACROSS = [("tokyo", "osaka"), ("osaka", "tokyo")], [("tokyo", "paris"), ("paris", "tokyo")]


@scenario(world="tokyo-paris", seed=17)
def ocean_cut(world: World) -> None:
    """What the cut caught is repaired and credited; transfers inside Asia are as quick as before."""
    both = [world.begin_load(rate=20, seconds=5, pairs=pairs) for pairs in (AT_HOME, ACROSS)]
    before, _ = (load.finish() for load in both)
    at_home = world.begin_load(rate=20, seconds=10, pairs=AT_HOME)
    across = world.begin_load(rate=20, seconds=10, pairs=ACROSS)
    repaired = world.repairs()
    ocean = world.link("tokyo", "paris", both=True)
    world.run_for(1)
    ocean.down(seconds=5)
    ocean.loss(0.05)
    world.run_for(4)
    ocean.up()

    usual = percentile([r.stages["credited"] for r in before], 0.5)
    meanwhile = percentile([r.stages["credited"] for r in at_home.finish() if r.ended == "credited"], 0.5)
    world.expect("inside Asia, p50 during the cut ÷ before", meanwhile / usual, at_most=1.25)
    arrived = across.finish(settle=120)
    world.expect("credited inside Asia", sum(r.ended == "credited" for r in at_home.receipts), equals=200)
    world.expect("credited across the ocean", sum(r.ended == "credited" for r in arrived), equals=200)
    world.expect("parcels repaired", world.repairs() - repaired, at_least=1)
