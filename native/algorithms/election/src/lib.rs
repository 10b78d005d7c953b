//! Deterministic weighted committee election (DPoS).
