"""The ocean is cut between Asia and Europe for ten seconds; both sides go on, then all arrives."""

from globelet import World, scenario


@scenario(world="tokyo-paris", seed=17)
def ocean_cut(world: World) -> None:
    """Transfers at home do not notice; transfers across wait, commit at home, and are credited after the mend."""
    alice, neighbour = world.account("tokyo", balance=50_000), world.account("osaka")
    bob = world.account("paris")
    ocean = world.ocean("asia", "europe")
    ocean.down()
    across = [alice.send(bob, 10) for _ in range(20)]
    for receipt in across:
        receipt.wait("committed", timeout=10)
    at_home = alice.send(neighbour, 5).wait("credited", timeout=10)
    world.expect("credited at home during the cut", at_home.ended, equals="credited")
    world.run_for(10)
    world.expect("credited across during the cut", sum(r.refresh().ended == "credited" for r in across), equals=0)
    ocean.up()
    for receipt in across:
        receipt.wait("credited", timeout=60)
    world.expect("credited across after it", bob.balance, equals=10 * len(across))
