"""Engines: the ways to run a world, behind one small interface."""
