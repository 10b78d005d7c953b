//! Who a peer is: certificates of the world's authority, one per process.
use crate::secrets::Certificates;
use crate::NodeError;
use globelet_types::world::WorldSpec;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// This process' certificate and the authority it trusts.
#[derive(Clone)]
pub struct Tls {
    authority: Certificate,
    identity: Identity,
    server: Arc<ServerConfig>,
}

impl Tls {
    /// Reads `secrets/tls` of a state directory.
    ///
    /// # Errors
    /// [`NodeError::Missing`] for a file that is not there, [`NodeError::BadInput`] for one that is damaged.
    pub fn load(state: &Path, process: &str) -> Result<Tls, NodeError> {
        Tls::new(&Certificates::load(state, process)?, process, &state.join("secrets").join("tls").display())
    }

    /// Of certificates that came from `origin`.
    ///
    /// # Errors
    /// [`NodeError::BadInput`] where they cannot be used.
    pub fn new(pem: &Certificates, process: &str, origin: &dyn std::fmt::Display) -> Result<Tls, NodeError> {
        let server = accepting(&pem.authority, &pem.certificate, &pem.key).map_err(|e| {
            NodeError::BadInput(format!(
                "the certificates of {process} in {origin} cannot be used: {e}; deal the world again"
            ))
        })?;
        let identity = Identity::from_pem(&pem.certificate, &pem.key);
        Ok(Tls { authority: Certificate::from_pem(&pem.authority), identity, server: Arc::new(server) })
    }

    /// For accepting: the peer must show a certificate of the authority.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// For dialling `process`: it must show its own certificate.
    pub fn client(&self, process: &str) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity.clone())
            .ca_certificate(self.authority.clone())
            .domain_name(process)
    }
}

fn accepting(
    authority: &[u8],
    certificate: &[u8],
    key: &[u8],
) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(authority) {
        roots.add(root?)?;
    }
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>()?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let mut config = ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    config.alpn_protocols.push(b"h2".to_vec());
    Ok(config)
}

/// The process that a certificate (DER, verified already) names.
pub fn process_named(der: &[u8], world: &WorldSpec) -> Option<u16> {
    let der = rustls_pki_types::CertificateDer::from(der);
    let certificate = webpki::EndEntityCert::try_from(&der).ok()?;
    let named = |name: &str| {
        rustls_pki_types::ServerName::try_from(name)
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
    };
    world.processes.iter().position(|p| named(&p.name)).map(|i| i as u16)
}
