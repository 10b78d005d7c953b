"""Power fails under load, at one process after the other and then at all: nothing committed is lost or paid twice."""

from globelet import World, scenario


@scenario(world="tokyo-paris", seed=13)
def power_cut(world: World) -> None:
    """Clients keep on sending; whatever was admitted ends, and what was committed before a cut is credited after it."""
    load = world.begin_load(rate=20, seconds=30)
    for process in world.processes():
        process.kill()
        world.run_for(0.5)
        process.restart()
        world.run_for(0.5)
    committed = [r for r in load.receipts if "committed" in r.refresh().micros]
    world.expect("committed before the lights went out", len(committed), at_least=1)
    world.kill_all()
    world.run_for(1)
    world.restart_all()
    receipts = load.finish(settle=120)
    world.expect("committed and not credited", sum(r.ended != "credited" for r in committed), equals=0)
    world.expect("credited", sum(r.ended == "credited" for r in receipts), equals=len(receipts))
    alice, bob = world.account("tokyo", balance=1), world.account("paris")
    alice.send(bob, 1).wait("credited")
    world.expect("the world goes on, bob has", bob.balance, equals=1)
