//! `globelet._native.kernels`: single operations of the hot path, run many times over, for measuring by `globelet bench`.
use globelet_erasure::{commit, Codec};
use globelet_signatures::{mldsa, verify_batch_prepared, PreparedKey, SigningKey};
use globelet_threshold as threshold;
use globelet_threshold::signature::{deal_signing, SigningCommittee, SigningShare, SIGNATURE_LEN};
use globelet_types::{decode, encode, AccountId, ChainId, Order, SignedOrder, Transfer};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use std::hint::black_box;

/// A kernel does its operation so many times.
type Kernel = fn(&Material, u32);

const KERNELS: [(&str, Kernel); 19] = [
    ("sign", |m, n| repeat(n, || m.key.sign(&m.message))),
    ("verify", |m, n| repeat(n, || globelet_signatures::verify(&m.public, &m.message, &m.signature))),
    ("verify_of_batch", |m, n| repeat_batches(m, n)),
    ("mldsa_sign", |m, n| repeat(n, || m.mldsa.sign(&m.message))),
    ("mldsa_verify", |m, n| repeat(n, || mldsa::verify(&m.mldsa_public, &m.message, &m.mldsa_signature))),
    ("bls_share", |m, n| repeat(n, || m.signers[0].sign(&m.message))),
    ("bls_combine", |m, n| repeat(n, || m.signing.combine(&m.message, &m.bls))),
    ("vrf_prove", |m, n| repeat(n, || m.vrf.prove(&m.message))),
    ("vrf_verify", |m, n| repeat(n, || globelet_vrf::verify(&m.vrf_public, &m.message, &m.draw))),
    ("seal", |m, n| repeat(n, || threshold::encrypt(&m.committee, LABEL, &m.body, &SEED))),
    ("check_sealed", |m, n| repeat(n, || threshold::check(&m.committee, LABEL, &m.sealed))),
    ("decryption_share", |m, n| repeat(n, || m.shares[0].decryption_share(&m.sealed, &SEED))),
    ("combine", |m, n| repeat(n, || threshold::combine(&m.committee, LABEL, &m.sealed, &m.opening))),
    ("cut_shards", |m, n| repeat(n, || commit(&m.codec.encode(&m.body)))),
    ("rebuild", |m, n| repeat(n, || m.rebuild())),
    ("hash_1k", |m, n| repeat(n, || blake3::hash(&m.encoded[..1024]))),
    ("serialise_10k", |m, n| repeat(n, || encode(&m.orders))),
    ("deserialise_10k", |m, n| repeat(n, || decode::<Vec<SignedOrder>>(&m.encoded))),
    ("copy_10k", |m, n| repeat(n, || m.encoded.clone())),
];

const SEED: [u8; 32] = [7; 32];
const LABEL: &[u8] = b"globelet bench";
/// Signatures verified together: a quorum of four replicas.
const BATCH: usize = 4;
/// Orders whose encoding is 10 KB.
const ORDERS: usize = 62;

/// What the kernels work on; made once.
struct Material {
    key: SigningKey,
    public: [u8; 32],
    prepared: PreparedKey,
    message: Vec<u8>,
    signature: [u8; 64],
    mldsa: mldsa::SigningKey,
    mldsa_public: Vec<u8>,
    mldsa_signature: Vec<u8>,
    signing: SigningCommittee,
    signers: Vec<SigningShare>,
    bls: Vec<(u16, [u8; SIGNATURE_LEN])>,
    vrf: globelet_vrf::SecretKey,
    vrf_public: [u8; 32],
    draw: [u8; 80],
    committee: threshold::PublicKey,
    shares: Vec<threshold::KeyShare>,
    body: Vec<u8>,
    sealed: threshold::Ciphertext,
    opening: Vec<threshold::DecryptionShare>,
    codec: Codec,
    root: [u8; 32],
    cut: Vec<Vec<u8>>,
    orders: Vec<SignedOrder>,
    encoded: Vec<u8>,
}

fn order(number: u64) -> SignedOrder {
    let transfer = Transfer {
        world: 1,
        source: ChainId(3),
        destination: ChainId(6),
        from: AccountId([1; 32]),
        to: AccountId([2; 32]),
        amount: 1_250,
        nonce: number,
        expires_us: 1,
    };
    SignedOrder { order: Order::Transfer(transfer), signature: [9; 64] }
}

impl Material {
    /// The sizes are those of a batch of one transfer in a committee of four with three holders.
    fn new() -> Option<Material> {
        let key = SigningKey::from_seed(&SEED);
        let message = order(1).order.signing_bytes();
        let mldsa = mldsa::SigningKey::from_seed(&SEED);
        let (signing, signers) = deal_signing(4, 3, &SEED).ok()?;
        let vrf = globelet_vrf::SecretKey::from_seed(&SEED);
        let (committee, shares) = threshold::deal(4, 2, &SEED).ok()?;
        let body = encode(&vec![order(1)]);
        let sealed = threshold::encrypt(&committee, LABEL, &body, &SEED);
        let codec = Codec::new(3, 7).ok()?;
        let cut = codec.encode(&body);
        let orders: Vec<SignedOrder> = (0..ORDERS as u64).map(order).collect();
        Some(Material {
            public: key.public(),
            prepared: PreparedKey::from_bytes(&key.public())?,
            signature: key.sign(&message),
            mldsa_public: mldsa.public(),
            mldsa_signature: mldsa.sign(&message),
            bls: signers.iter().take(3).map(|s| (s.index(), s.sign(&message))).collect(),
            vrf_public: vrf.public(),
            draw: vrf.prove(&message),
            opening: shares.iter().take(2).map(|s| s.decryption_share(&sealed, &SEED)).collect(),
            root: commit(&cut).root,
            encoded: encode(&orders),
            key,
            message,
            mldsa,
            signing,
            signers,
            vrf,
            committee,
            shares,
            body,
            sealed,
            codec,
            cut,
            orders,
        })
    }

    /// From one data shard and two of the others, which is the dear case.
    fn rebuild(&self) -> bool {
        let some: Vec<(usize, &[u8])> = [0, 4, 6].into_iter().map(|i| (i, self.cut[i].as_slice())).collect();
        self.codec.decode_committed(&self.root, &some).is_ok()
    }
}

fn repeat<T>(times: u32, mut operation: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(operation());
    }
}

/// So many signatures, verified four at a time.
fn repeat_batches(m: &Material, times: u32) {
    let items: Vec<_> = (0..BATCH).map(|_| (&m.prepared, m.message.as_slice(), &m.signature)).collect();
    repeat(times.div_ceil(BATCH as u32), || verify_batch_prepared(&items));
}

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "kernels")?;
    module.add("NAMES", PyTuple::new(py, KERNELS.map(|(name, _)| name))?)?;
    module.add_function(wrap_pyfunction!(nothing, &module)?)?;
    module.add_function(wrap_pyfunction!(length, &module)?)?;
    module.add_class::<Kernels>()?;
    Ok(module)
}

/// Does nothing: what is left is the call.
#[pyfunction]
fn nothing() {}

/// How many bytes there are; they are not copied.
#[pyfunction]
fn length(data: &Bound<'_, PyBytes>) -> usize {
    data.as_bytes().len()
}

/// The operations and what they work on.
#[pyclass(module = "globelet._native.kernels", frozen)]
pub struct Kernels {
    material: Material,
}

#[pymethods]
impl Kernels {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Kernels> {
        let made = py.detach(Material::new);
        made.map(|material| Kernels { material })
            .ok_or_else(|| PyKeyError::new_err("the kernels' material cannot be made: this is a bug"))
    }

    /// Does one operation so many times.
    fn run(&self, py: Python<'_>, name: &str, times: u32) -> PyResult<()> {
        let found = KERNELS.iter().find(|(known, _)| *known == name);
        let (_, kernel) = found.ok_or_else(|| PyKeyError::new_err(format!("there is no kernel {name:?}")))?;
        py.detach(|| kernel(&self.material, times));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernels_work_on_is_genuine() {
        let m = Material::new().unwrap();
        assert!(globelet_signatures::verify(&m.public, &m.message, &m.signature));
        assert!(mldsa::verify(&m.mldsa_public, &m.message, &m.mldsa_signature));
        assert!(m.signing.verify(&m.message, &m.signing.combine(&m.message, &m.bls).unwrap()));
        assert!(globelet_vrf::verify(&m.vrf_public, &m.message, &m.draw).is_ok());
        assert!(threshold::check(&m.committee, LABEL, &m.sealed).is_ok());
        assert_eq!(threshold::combine(&m.committee, LABEL, &m.sealed, &m.opening).unwrap(), m.body);
        assert!(m.rebuild());
        assert_eq!(decode::<Vec<SignedOrder>>(&m.encoded).unwrap(), m.orders);
        assert!((10_000..10_500).contains(&m.encoded.len()), "{}", m.encoded.len());
    }

    #[test]
    fn every_kernel_runs() {
        let m = Material::new().unwrap();
        KERNELS.iter().for_each(|(_, kernel)| kernel(&m, 5));
    }
}
