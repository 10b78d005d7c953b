"""An account moves from Tokyo to Paris while the ocean fails: what is paid to it meanwhile is there, once."""

from contextlib import suppress

from globelet import World, scenario
from globelet.client import Account, Problem

START, GIFT = 10_000, 10


@scenario(world="tokyo-paris", seed=23)
def account_moves(world: World) -> None:
    """Osaka and Paris pay it where they know it to be, and it pays itself, before, during and after its move."""
    alice, osaka, paris = (world.account(place, balance=START) for place in ("tokyo", "osaka", "paris"))
    ocean = world.link("tokyo", "paris", both=True)

    def paid(seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            osaka.send(alice, GIFT)
            paris.send(alice, GIFT)
            with suppress(Problem):  # it orders nothing while it is under way
                alice.send(alice, GIFT)
            world.run_for(0.1)

    paid(1)
    ocean.loss(0.05)
    paid(0.5)
    ocean.down()
    move = alice.move("paris")
    paid(2)
    world.expect("she is on her way while the ocean is cut", move.refresh().ended is None, equals=True)
    ocean.up()
    move.wait("credited", timeout=120)
    paid(1)
    world.settle(timeout=120)

    gifts = [r for r in world.receipts if r.order.payer != alice.key.public]
    world.expect("gifts credited", sum(r.ended == "credited" for r in gifts), equals=len(gifts))
    due = START + GIFT * len(gifts)
    world.wait_until(lambda: alice.balance == due, timeout=30)
    world.expect("alice has all of it", alice.balance, equals=due)
    world.expect("where Tokyo says she lives", world.engine.home("tokyo", alice.id), equals="paris")
    world.expect("Tokyo keeps nothing of her", world.engine.account("tokyo", alice.id) is None, equals=True)
    told = refused(world.bank.account(alice.key, "tokyo"), osaka)
    world.expect("whoever orders at the old place is told where to", told, equals="moved to paris")


def refused(payer: Account, payee: Account) -> str | None:
    """Code of the refusal, and where it sends the payer to."""
    try:
        payer.send(payee, GIFT)
    except Problem as problem:
        return f"{problem.code} to {problem.moved_to}"
    return None
