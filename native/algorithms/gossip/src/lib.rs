//! HyParView membership and Plumtree broadcast.
