//! Streams of stripes, as Python sees them.

use globelet_binding::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::memory::{joined, Numbered};
use super::{list, refuse, Misuse};
use crate::{Codec, Decoder, Encoder, Manifest, Stripe};

/// What the receiver of a stream trusts.
#[pyclass(name = "Manifest", module = "globelet.algorithms.erasure", frozen, eq)]
#[derive(PartialEq, Eq)]
pub(super) struct PyManifest(Manifest);

#[pymethods]
impl PyManifest {
    /// Reads a manifest from its only encoding.
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: Bytes<'_>) -> PyResult<PyManifest> {
        let data = &*data;
        py.detach(|| Manifest::from_bytes(data)).map(PyManifest).map_err(|error| refuse(py, &error))
    }

    /// The only encoding.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_bytes()))
    }

    /// BLAKE3 of the encoding.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.id()))
    }

    /// Shards needed to rebuild.
    #[getter]
    fn k(&self) -> usize {
        self.0.k()
    }

    /// Shards made.
    #[getter]
    fn n(&self) -> usize {
        self.0.n()
    }

    /// Bytes of the payload in each stripe but the last.
    #[getter]
    fn stripe(&self) -> usize {
        self.0.stripe()
    }

    /// Bytes of the whole payload.
    #[getter]
    fn length(&self) -> u64 {
        self.0.length()
    }

    /// The root of each stripe's shards.
    #[getter]
    fn roots<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.roots().iter().map(|root| PyBytes::new(py, root)).collect()
    }

    /// The number of stripes.
    fn __len__(&self) -> usize {
        self.0.roots().len()
    }

    /// Bytes of the payload in a stripe.
    fn payload_len(&self, py: Python<'_>, stripe: usize) -> PyResult<usize> {
        self.0.payload_len(stripe).map_err(|error| refuse(py, &error))
    }

    /// Bytes of a shard's piece of a stripe.
    fn piece_len(&self, py: Python<'_>, stripe: usize, index: usize) -> PyResult<usize> {
        self.0.piece_len(stripe, index).map_err(|error| refuse(py, &error))
    }

    /// Whether a piece is what a shard has of a stripe.
    fn verify(&self, py: Python<'_>, stripe: usize, index: usize, piece: Bytes<'_>) -> PyResult<bool> {
        let piece = &*piece;
        py.detach(|| self.0.verify(stripe, index, piece)).map_err(|error| refuse(py, &error))
    }
}

/// Encodes a payload that comes in parts.
#[pyclass(name = "Encoder", module = "globelet.algorithms.erasure")]
pub(super) struct PyEncoder(Option<Encoder>);

/// What is asked of an encoder that has ended.
fn ended(py: Python<'_>) -> PyErr {
    refuse(py, &Misuse::Finished)
}

fn pieces<'py>(py: Python<'py>, stripe: &Stripe) -> Vec<Bound<'py, PyBytes>> {
    list(py, &stripe.pieces)
}

#[pymethods]
impl PyEncoder {
    #[new]
    #[pyo3(signature = (k, n, stripe=1 << 20))]
    fn new(py: Python<'_>, k: usize, n: usize, stripe: usize) -> PyResult<PyEncoder> {
        let made = py.detach(|| Codec::new(k, n).and_then(|codec| Encoder::new(codec, stripe)));
        made.map(|encoder| PyEncoder(Some(encoder))).map_err(|error| refuse(py, &error))
    }

    /// Takes the next part of the payload; gives the pieces of each stripe that it completes.
    fn push<'py>(&mut self, py: Python<'py>, part: Bytes<'py>) -> PyResult<Vec<Vec<Bound<'py, PyBytes>>>> {
        let (encoder, part) = (self.0.as_mut().ok_or_else(|| ended(py))?, &*part);
        let done = py.detach(|| encoder.push(part)).map_err(|error| refuse(py, &error))?;
        Ok(done.iter().map(|stripe| pieces(py, stripe)).collect())
    }

    /// Ends the payload; gives the pieces of the last stripe, none if it was given, and the manifest.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<(Vec<Vec<Bound<'py, PyBytes>>>, PyManifest)> {
        let encoder = self.0.take().ok_or_else(|| ended(py))?;
        let (last, manifest) = py.detach(|| encoder.finish()).map_err(|error| refuse(py, &error))?;
        Ok((last.iter().map(|stripe| pieces(py, stripe)).collect(), PyManifest(manifest)))
    }
}

/// Opens stripes of a stream.
#[pyclass(name = "Decoder", module = "globelet.algorithms.erasure", frozen)]
pub(super) struct PyDecoder(Decoder);

#[pymethods]
impl PyDecoder {
    #[new]
    #[pyo3(signature = (manifest, trusting=false))]
    fn new(py: Python<'_>, manifest: PyRef<'_, PyManifest>, trusting: bool) -> PyResult<PyDecoder> {
        let manifest = &manifest.0;
        let decoder = py.detach(|| Decoder::new(manifest.clone())).map_err(|error| refuse(py, &error))?;
        Ok(PyDecoder(if trusting { decoder.trusting() } else { decoder }))
    }

    /// The payload of a stripe from pieces by the numbers of their shards, and the numbers of wrong ones.
    fn open<'py>(
        &self,
        py: Python<'py>,
        stripe: usize,
        pieces: Numbered<'py>,
    ) -> PyResult<(Bound<'py, PyBytes>, Vec<usize>)> {
        let (decoder, pieces) = (&self.0, pieces.slices());
        let (frame, wrong) = py.detach(|| decoder.frame(stripe, &pieces)).map_err(|error| refuse(py, &error))?;
        Ok((joined(py, &frame)?, wrong))
    }
}
