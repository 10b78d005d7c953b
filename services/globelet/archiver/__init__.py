"""Archiver: carries every process' outbox into the embedded stores, once each, with checkpoints."""

from globelet.archiver.follower import Follower
from globelet.archiver.store import Store

__all__ = ["Follower", "Store"]
