"""What is said of an algorithm in the table `globelet algorithms`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """One algorithm: each module `globelet.algorithms.<name>` has one as `ABOUT`."""

    name: str
    """The name of crate and module."""
    does: str
    """What it does, in a few words."""
    follows: str
    """The paper, RFC or FIPS that it follows."""
    stands_on: str
    """The library behind it, or `own`."""
    vectors: str
    """The published vectors and laws it is tested by."""
    peers: tuple[str, ...] = ()
    """What it is measured against."""
    slower: str = ""
    """Why it is slower than a peer, where it is."""
    note: str = ""
    """What its figures stand beside where no library does the same."""
