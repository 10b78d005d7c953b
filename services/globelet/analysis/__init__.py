"""Analysis: what the stores hold, as pandas frames (extra `lab`) or plain rows."""

from globelet.analysis.archive import Archive

__all__ = ["Archive"]
