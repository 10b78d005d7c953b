"""Account holders vote: a standby that their balances stand behind has a seat in every committee from then on."""

from globelet import World, scenario

HELD, LENT = 200_000, 100_000


@scenario(world="elections", seed=19)
def votes(world: World) -> None:
    """Alice votes for a standby, Bob lends his balance to her; elections that open afterwards seat whom she chose."""
    first = world.committee("tokyo")
    chosen = min(set(first.stakes) - set(first.members), key=lambda name: (first.stakes[name], name))
    alice, bob = world.account("tokyo", balance=HELD), world.account("tokyo", balance=LENT)
    for receipt in alice.vote(chosen), bob.vote(alice):
        receipt.wait("credited")
    voted = world.committee("tokyo")
    world.expect("stake behind the chosen", voted.stakes[chosen], equals=first.stakes[chosen] + HELD + LENT)
    receipts, seated = [], {}
    for _ in range(24):
        receipts += world.load(rate=10, seconds=2, weights="population")
        now = world.committee("tokyo")
        # One election may have opened before the votes: its committee is not counted.
        if now.epoch >= voted.epoch + 2:
            seated[now.epoch] = chosen in now.members
        if len(seated) >= 2:
            break
    world.expect("committees elected by these votes", len(seated), at_least=2)
    world.expect("of them with the chosen", sum(seated.values()), equals=len(seated))
    bob.vote(None).wait("credited")
    world.expect(
        "stake once Bob took his back", world.committee("tokyo").stakes[chosen], equals=first.stakes[chosen] + HELD
    )
    world.expect("credited", sum(r.ended == "credited" for r in receipts), equals=len(receipts))
