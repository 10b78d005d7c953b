"""Clocks that are apart: told from metrics, refused with the mend."""

import pytest

from globelet.engines import clocks
from globelet.engines.clocks import Ahead
from globelet.engines.swarm_errors import ClocksApart

pytestmark = pytest.mark.unit

TEXTS = {
    "tokyo": "# HELP globelet_clock_ahead_seconds How far\n"
    'globelet_clock_ahead_seconds{peer="seoul"} 0.2\nglobelet_clock_ahead_seconds{peer="paris"} -2.34\n',
    "seoul": 'globelet_clock_ahead_seconds{peer="tokyo"} 0.0\nglobelet_clock_ahead_seconds{peer="paris"} 1e-06\n',
    "paris": "",
}


def test_each_process_tells_of_those_it_is_connected_to():
    assert list(clocks.measured(TEXTS)) == [
        Ahead("tokyo", "seoul", 0.2),
        Ahead("tokyo", "paris", -2.34),
        Ahead("seoul", "tokyo", 0.0),
        Ahead("seoul", "paris", 1e-06),
    ]


@pytest.mark.parametrize(
    ("bound_us", "found"),
    [
        (2_340_000, None),
        (2_339_999, Ahead("tokyo", "paris", -2.34)),
        (100_000, Ahead("tokyo", "paris", -2.34)),
    ],
)
def test_the_widest_beyond_the_bound_is_told(bound_us, found):
    assert clocks.apart(TEXTS, bound_us) == found


def test_the_refusal_says_whose_clock_how_far_and_the_mend():
    told = ClocksApart("tokyo", "paris", -2.34, 0.5)
    assert (told.code, told.exit_status) == ("clocks_apart", 4)
    assert "the clock of paris is at least 2.3 s behind that of tokyo" in str(told)
    assert "accepts 0.5 s" in str(told)
    assert "chronyc makestep" in str(told)
    assert "ahead of" in str(ClocksApart("tokyo", "paris", 0.6, 0.5))
