"""Drawings for the notebooks: each function draws one frame of `globelet.analysis` on the axes it is given."""
