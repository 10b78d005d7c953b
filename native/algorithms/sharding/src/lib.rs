//! Lanes, parcels, cursors and seen-sets between municipalities.
