"""What every module `globelet.algorithms.<name>` has: an example that runs, an entry in the table, typed refusals."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from globelet import algorithms

pytestmark = pytest.mark.algorithms

NAMES = algorithms.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name: str) -> None:
    module = import_module(f"globelet.algorithms.{name}")
    found = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL | doctest.ELLIPSIS)
    assert found.attempted > 0, "the module has no example"
    assert found.failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_table_can_say_what_it_is(name: str) -> None:
    module = import_module(f"globelet.algorithms.{name}")
    about = module.ABOUT
    assert about.name == name
    assert all([about.does, about.follows, about.stands_on, about.vectors])


@pytest.mark.parametrize("name", NAMES)
def test_everything_public_is_documented_and_raises_its_own_errors(name: str) -> None:
    module = import_module(f"globelet.algorithms.{name}")
    for public in set(module.__all__) - {"ABOUT"}:
        thing = getattr(module, public)
        if callable(thing):
            assert thing.__doc__, f"{name}.{public} has no docstring"
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, algorithms.AlgorithmError)
