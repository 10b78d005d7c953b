"""The backbone between Asia and Europe gets slow, then dies: messages take the public internet, and come back."""

from globelet import World, scenario
from globelet.client.receipt import Receipt
from globelet.scenarios.figures import percentile

ACROSS = [("tokyo", "paris"), ("paris", "tokyo")]


def half_way(receipts: list[Receipt]) -> float:
    """Median time to credited, ms."""
    return percentile([r.stages["credited"] for r in receipts if r.ended == "credited"], 0.5)


def over(receipts: list[Receipt], route: str) -> float:
    """Share of them whose parcel took this route, as they say themselves."""
    return sum(r.route == route for r in receipts) / len(receipts)


@scenario(world="tokyo-paris", seed=23)
def backbone_slow(world: World) -> None:
    """Nothing is lost; transfers take as long as the route in use has it, which the processes' metrics tell."""
    backbone = world.ocean("asia", "europe", route="backbone")
    usual = world.load(rate=20, seconds=5, pairs=ACROSS)

    load = world.begin_load(rate=20, seconds=12, pairs=ACROSS)
    backbone.slow(3)
    world.expect("left the slow backbone after, s", world.wait_for_route("internet"), at_most=20)
    load.finish(settle=120)
    detour = world.load(rate=20, seconds=5, pairs=ACROSS)
    backbone.up()
    world.expect("returned to it after, s", world.wait_for_route("backbone"), at_most=20)

    dying = world.begin_load(rate=20, seconds=8, pairs=ACROSS)
    world.run_for(2)
    backbone.down()
    world.expect("left the dead backbone after, s", world.wait_for_route("internet"), at_most=5)
    dying.finish(settle=120)
    backbone.up()
    world.expect("returned again after, s", world.wait_for_route("backbone"), at_most=20)
    after = world.load(rate=20, seconds=5, pairs=ACROSS)

    longer = world.spec.link("tokyo", "paris", "internet").delay_us / world.spec.link("tokyo", "paris").delay_us
    detoured = half_way(detour) / half_way(usual)
    world.expect("p50 over the internet ÷ before", detoured, at_least=0.8 * longer, at_most=1.2 * longer)
    world.expect("p50 afterwards ÷ before", half_way(after) / half_way(usual), at_most=1.25)
    # The route that a receipt tells is its own parcel's: one that left just before a switch tells the other.
    world.expect("receipts before and after, over the backbone", over([*usual, *after], "backbone"), at_least=0.95)
    world.expect("receipts in between, over the internet", over(detour, "internet"), at_least=0.95)
    everything = [*usual, *load.receipts, *detour, *dying.receipts, *after]
    world.expect("credited", sum(r.ended == "credited" for r in everything), equals=len(everything))
