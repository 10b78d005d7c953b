"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`: what the worlds of the e2e layer run on."""
    parser.addoption(
        "--engine", choices=("local", "compose"), default="local", help="what live worlds run on (default: local)"
    )
