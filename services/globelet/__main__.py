"""`python -m globelet` is `globelet`."""

from globelet.cli import main

main()
