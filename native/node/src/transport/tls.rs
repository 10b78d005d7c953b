//! Who a peer is: certificates of the world's authority, one per process.
use crate::NodeError;
use globelet_types::world::WorldSpec;
use std::fs;
use std::path::Path;
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

/// This process' certificate and the authority it trusts.
#[derive(Clone)]
pub struct Tls {
    authority: Certificate,
    identity: Identity,
}

impl Tls {
    /// Reads `secrets/tls` of a state directory.
    ///
    /// # Errors
    /// [`NodeError::Missing`] for a file that is not there.
    pub fn load(state: &Path, process: &str) -> Result<Tls, NodeError> {
        let folder = state.join("secrets").join("tls");
        let read = |name: String| {
            let path = folder.join(name);
            fs::read(&path).map_err(|e| NodeError::unreadable(&path, &e))
        };
        let authority = Certificate::from_pem(read("ca.crt".into())?);
        let identity = Identity::from_pem(read(format!("{process}.crt"))?, read(format!("{process}.key"))?);
        Ok(Tls { authority, identity })
    }

    /// For accepting: the peer must show a certificate of the authority.
    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new().identity(self.identity.clone()).client_ca_root(self.authority.clone())
    }

    /// For dialling `process`: it must show its own certificate.
    pub fn client(&self, process: &str) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity.clone())
            .ca_certificate(self.authority.clone())
            .domain_name(process)
    }
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
