//! ML-DSA-44 (FIPS 204), deterministic: smaller and faster than ML-DSA-65, of category 2 in place of 3.

use libcrux_ml_dsa::ml_dsa_44::{self as library, MLDSA44Signature, MLDSA44SigningKey, MLDSA44VerificationKey};

crate::parameter_set::parameter_set!(library, MLDSA44SigningKey, MLDSA44VerificationKey, MLDSA44Signature, 1312, 2420);
