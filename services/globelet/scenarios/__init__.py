"""Scenarios: plain Python that sends transfers, breaks things and says what must hold."""

from globelet.scenarios.scenario import Scenario, scenario
from globelet.scenarios.world import World

__all__ = ["Scenario", "World", "scenario"]
