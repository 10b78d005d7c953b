"""Options of the whole suite."""

import hypothesis
import pytest

# How long an example takes is the machine's business: no test asserts wall time.
hypothesis.settings.register_profile("globelet", deadline=None)
hypothesis.settings.load_profile("globelet")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`: what the worlds of the e2e layer run on."""
    parser.addoption(
        "--engine", choices=("local", "compose"), default="local", help="what live worlds run on (default: local)"
    )
