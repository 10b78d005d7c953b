//! Dealing a world: its genesis, every process' secrets, and the certificates they know each other by.
use crate::NodeError;
use globelet_protocol::{Deal, Genesis, NodeSecrets};
use globelet_types::world::WorldSpec;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Deals the world in `world` (resolved JSON) into the state directory `state`.
///
/// Node and treasury keys follow from `randomness`; certificates are always drawn from the system.
///
/// # Errors
/// [`NodeError::BadInput`] if the world is unusable or dealt already.
pub fn deal(world: &Path, state: &Path, randomness: &[u8; 32]) -> Result<Genesis, NodeError> {
    let text = fs::read(world).map_err(|e| NodeError::unreadable(world, &e))?;
    let spec: WorldSpec =
        serde_json::from_slice(&text).map_err(|e| NodeError::BadInput(format!("{}: {e}", world.display())))?;
    if state.join("genesis.json").exists() || state.join("secrets").exists() {
        return Err(NodeError::BadInput(format!(
            "{} holds a dealt world already; wipe it with `globelet down --wipe`, or choose another directory",
            state.display()
        )));
    }
    let dealt = Deal::new(spec, randomness).map_err(|e| NodeError::BadInput(e.to_string()))?;
    // Written beside and renamed at the end, so that a deal that was cut short is not taken for a whole one.
    let secrets = state.join("secrets.part");
    let genesis = state.join("genesis.json.part");
    let swept = fs::remove_dir_all(&secrets).or_else(absent).and_then(|()| fs::remove_file(&genesis).or_else(absent));
    swept.map_err(|e| NodeError::unwritable(state, &e))?;
    write_node_keys(&dealt, &secrets)?;
    write_treasuries(&dealt, &secrets.join("treasury"))?;
    let names: Vec<&str> = dealt.genesis.world.processes.iter().map(|p| p.name.as_str()).collect();
    write_certificates(&names, &secrets.join("tls"))?;
    write(&genesis, &genesis_json(&dealt.genesis), 0o644)?;
    let renamed = fs::rename(&secrets, state.join("secrets"))
        .and_then(|()| fs::rename(&genesis, state.join("genesis.json")))
        .and_then(|()| fs::File::open(state)?.sync_all());
    renamed.map_err(|e| NodeError::unwritable(state, &e))?;
    Ok(dealt.genesis)
}

fn absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn genesis_json(genesis: &Genesis) -> Vec<u8> {
    let mut value = serde_json::to_value(genesis).expect("a genesis has no maps with odd keys");
    value["id"] = hex::encode(genesis.id()).into();
    value["tag"] = genesis.tag().to_string().into();
    serde_json::to_vec_pretty(&value).expect("a JSON value can be written")
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), NodeError> {
    let attempt = || -> std::io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    attempt().map_err(|e| NodeError::unwritable(path, &e))
}

fn write_node_keys(dealt: &Deal, folder: &Path) -> Result<(), NodeError> {
    let world = &dealt.genesis.world;
    for (index, process) in world.processes.iter().enumerate() {
        let own = |s: &&NodeSecrets| usize::from(world.nodes[s.node.index()].process) == index;
        let secrets: Vec<&NodeSecrets> = dealt.secrets.iter().filter(own).collect();
        let text = hex::encode(globelet_types::encode(&secrets));
        write(&folder.join(format!("{}.key", process.name)), text.as_bytes(), 0o600)?;
    }
    Ok(())
}

fn write_treasuries(dealt: &Deal, folder: &Path) -> Result<(), NodeError> {
    for (chain, seed) in &dealt.treasuries {
        let name = &dealt.genesis.world.chains[chain.index()].name;
        write(&folder.join(format!("{name}.key")), hex::encode(seed).as_bytes(), 0o600)?;
    }
    Ok(())
}

/// Writes `ca.crt` and a certificate with its key per process name into `folder`. The authority's own key
/// is not kept: nobody can add a process to a dealt world.
///
/// # Errors
/// [`NodeError`] for a name that cannot stand in a certificate, or what the system refuses.
pub fn write_certificates(names: &[&str], folder: &Path) -> Result<(), NodeError> {
    let failed = |e: rcgen::Error| {
        NodeError::BadInput(format!(
            "a certificate cannot be made: {e}; use letters, digits and hyphens in process names"
        ))
    };
    let authority_key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, "globelet world authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = params.self_signed(&authority_key).map_err(failed)?;
    write(&folder.join("ca.crt"), authority.pem().as_bytes(), 0o644)?;
    let issuer = Issuer::new(params, authority_key);
    for name in names {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(vec![(*name).to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, *name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        write(&folder.join(format!("{name}.crt")), certificate.pem().as_bytes(), 0o644)?;
        write(&folder.join(format!("{name}.key")), key.serialize_pem().as_bytes(), 0o600)?;
    }
    Ok(())
}
