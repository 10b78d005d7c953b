//! ML-DSA-65 (FIPS 204), deterministic.

use libcrux_ml_dsa::ml_dsa_65::{self as library, MLDSA65Signature, MLDSA65SigningKey, MLDSA65VerificationKey};

crate::parameter_set::parameter_set!(library, MLDSA65SigningKey, MLDSA65VerificationKey, MLDSA65Signature, 1952, 3309);
