"""Typed HTTP client of a world's municipalities. Names load on first use: the small services need only `wire`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from globelet.client.account import Account, Key
    from globelet.client.city_hall import CityHall
    from globelet.client.move_receipt import MoveReceipt
    from globelet.client.orders import Move, Opening, Order, Transfer, Vote
    from globelet.client.problem import Problem, Unreachable
    from globelet.client.receipt import Receipt
    from globelet.client.vote_receipt import VoteReceipt

_HOMES = {
    "Account": "account",
    "Key": "account",
    "CityHall": "city_hall",
    "Move": "orders",
    "MoveReceipt": "move_receipt",
    "Opening": "orders",
    "Order": "orders",
    "Transfer": "orders",
    "Problem": "problem",
    "Unreachable": "problem",
    "Receipt": "receipt",
    "Vote": "orders",
    "VoteReceipt": "vote_receipt",
}

__all__ = [
    "Account",
    "CityHall",
    "Key",
    "Move",
    "MoveReceipt",
    "Opening",
    "Order",
    "Problem",
    "Receipt",
    "Transfer",
    "Unreachable",
    "Vote",
    "VoteReceipt",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"globelet.client.{_HOMES[name]}"), name)
