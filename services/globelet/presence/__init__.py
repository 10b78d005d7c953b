"""Presence: the window in which people see which nodes are there, nearest first. Nodes themselves use gossip."""

from globelet.presence.record import Genesis, Record, RecordRefused
from globelet.presence.register import Register, distance_km
from globelet.presence.shared import BadRedis, Shared

__all__ = ["BadRedis", "Genesis", "Record", "RecordRefused", "Register", "Shared", "distance_km"]
