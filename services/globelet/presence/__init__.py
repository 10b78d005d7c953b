"""Presence: which nodes are alive and where, nearest first."""

from globelet.presence.register import Candidate, Register, distance_km

__all__ = ["Candidate", "Register", "distance_km"]
