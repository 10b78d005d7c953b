"""A transfer to an account that nobody has opened: the amount comes back."""

from globelet import World, scenario


@scenario(world="tokyo-paris", seed=19)
def unknown_recipient(world: World) -> None:
    """It is committed, crosses the ocean, is not credited, and is refunded with the reason."""
    alice, nobody = world.account("tokyo", balance=10_000), world.account("paris", opened=False)
    receipt = alice.send(nobody, 1_250).wait("refunded")
    world.expect("reason", (receipt.refusal or {}).get("code"), equals="unknown_recipient")
    world.wait_until(lambda: alice.balance == 10_000, timeout=10)
    world.expect("alice has her money", alice.balance, equals=10_000)
