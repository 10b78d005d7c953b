"""A power cut: every process ends at once while transfers are under way; nothing committed is lost."""

from globelet import World, scenario


@scenario(world="tokyo-paris", seed=13)
def power_cut(world: World) -> None:
    """What was committed before the cut is credited after it, once."""
    alice, bob = world.account("tokyo", balance=100_000), world.account("paris")
    sent = [alice.send(bob, 100) for _ in range(50)]
    committed = [receipt.wait("committed") for receipt in sent]
    world.kill_all()
    world.restart_all()
    for receipt in committed:
        receipt.wait("credited", timeout=60)
    world.expect("credited after the cut", bob.balance, equals=100 * len(committed))
    world.expect("left with the sender", alice.balance, equals=100_000 - 100 * len(committed))
    again = alice.send(bob, 1).wait("credited", timeout=60)
    world.expect("the world goes on", again.ended, equals="credited")
