//! Proof of holding: requests, acknowledgements, expiry and challenges.
