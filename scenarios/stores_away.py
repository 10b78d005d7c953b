"""Each store in turn, then the bus, then all of them go away for half a minute under load: nobody notices."""

from globelet import World, scenario
from globelet.scenarios.figures import percentile

RATE, SECONDS, AWAY = 200, 40, 30
STORES = ("dynamodb", "mongo", "minio", "immudb", "redpanda")


def _p99(receipts):
    return percentile([r.stretch for r in receipts if r.stretch is not None], 0.99)


def _away(world: World, name: str, stopped: tuple[str, ...], quiet: float) -> None:
    load = world.begin_load(rate=world.rate(RATE), seconds=SECONDS)
    for store in stopped:
        world.process(store).stop()
    world.run_for(AWAY)
    for store in stopped:
        world.process(store).restart()
    back = world.engine.now_us()
    receipts = load.finish()
    world.expect(f"credited with {name} away", sum(r.ended == "credited" for r in receipts), equals=len(receipts))
    world.expect(f"stretch p99 with {name} away, of {quiet:.3f} without", _p99(receipts), at_most=1.25 * quiet)
    world.settle(receipts, 60.0, "archived")
    late = sum("archived" not in r.micros for r in receipts)
    took = (world.engine.now_us() - back) / 1e6
    world.expect(f"not archived {took:.0f} s after {name} came back", late, equals=0)


@scenario(world="tokyo-paris", seed=17, engines=("compose",))
def stores_away(world: World) -> None:
    """No transfer is slower for a store that is away, and all of them are archived within a minute of its return."""
    receipts = world.load(rate=world.rate(RATE), seconds=SECONDS)
    world.settle(receipts, 60.0, "archived")
    quiet = _p99(receipts)
    for store in STORES:
        _away(world, store, (store,), quiet)
    _away(world, "every store", STORES, quiet)
