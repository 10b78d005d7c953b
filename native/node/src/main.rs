//! `globelet-node`: deals a world, runs one of its processes, verifies receipts.
use clap::{Args, Parser, Subcommand};
use globelet_node::consul::Address;
use globelet_node::run::Options;
use globelet_node::secrets::Origin;
use globelet_node::vault::Vault;
use globelet_node::{deal, directory, run, NodeError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The nodes of a globelet world.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Deals the keys and certificates of a resolved world.
    Deal {
        /// The resolved world, JSON.
        #[arg(long)]
        world: PathBuf,
        /// The state directory.
        #[arg(long)]
        state: PathBuf,
        /// 64 hexadecimal digits to derive the keys from, for worlds that must be the same every time.
        #[arg(long)]
        seed: Option<String>,
    },
    /// Runs one process.
    Run {
        /// The state directory.
        #[arg(long)]
        state: PathBuf,
        /// The process' name in the world.
        #[arg(long)]
        process: String,
        #[command(flatten)]
        beside: Beside,
        #[command(flatten)]
        secrets: Keeping,
        /// Milliseconds between two renewals of this process' presence; it counts for two and a half of them.
        #[arg(long, default_value_t = globelet_node::gossip::RENEWAL.as_millis() as u64, value_parser = clap::value_parser!(u64).range(100..=200_000))]
        renewal: u64,
    },
    /// Verifies a receipt offline, from the genesis alone.
    ReceiptVerify {
        /// The world's genesis.json.
        #[arg(long)]
        genesis: PathBuf,
        /// Print one JSON document instead of lines.
        #[arg(long)]
        json: bool,
        /// The receipt, as /v1/receipts gave it.
        file: PathBuf,
    },
}

/// Where the services beside the nodes are.
#[derive(Args)]
struct Beside {
    /// Address of the identity service's key set; without it, and without --consul, no token is asked for.
    #[arg(long)]
    jwks: Option<String>,
    /// Address of the presence service; without it, and without --consul, only the other processes hear who is there.
    #[arg(long)]
    presence: Option<String>,
    /// Address of Consul, which says where identity and presence are unless they are given.
    #[arg(long)]
    consul: Option<String>,
}

impl Beside {
    /// Of the key set, and of presence.
    fn addresses(self) -> (Option<Address>, Option<Address>) {
        let Beside { jwks, presence, consul } = self;
        let found = |given: Option<String>, service, path| {
            let named = || consul.clone().map(|consul| Address::Named { consul, service, path });
            given.map(Address::Fixed).or_else(named)
        };
        (found(jwks, "identity", "/.well-known/jwks.json"), found(presence, "presence", ""))
    }
}

/// Where the secrets of the process lie.
#[derive(Args)]
struct Keeping {
    /// Address of Vault, which keeps this process' keys; without it they are read from the state directory.
    #[arg(long, requires = "vault_token")]
    vault: Option<String>,
    /// The file that holds this process' token for Vault.
    #[arg(long, requires = "vault")]
    vault_token: Option<PathBuf>,
    /// Seconds to wait for Vault.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    vault_patience: u64,
}

impl Keeping {
    fn origin(self) -> Origin {
        let patience = Duration::from_secs(self.vault_patience);
        let vault = self.vault.zip(self.vault_token).map(|(url, token)| Vault { url, token, patience });
        vault.map_or(Origin::Files, Origin::Vault)
    }
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Deal { world, state, seed } => deal_world(&world, &state, seed.as_deref()).map(|()| true),
        Command::Run { state, process, beside, secrets, renewal } => {
            let (jwks, presence) = beside.addresses();
            let renewal = Duration::from_millis(renewal);
            serve(Options { state, process, jwks, presence, secrets: secrets.origin(), renewal }).map(|()| true)
        }
        Command::ReceiptVerify { genesis, json, file } => verify(&genesis, json, &file),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            globelet_node::error::say(format_args!("globelet-node: {error} [{}]", error.code()));
            ExitCode::from(error.status())
        }
    }
}

fn deal_world(world: &Path, state: &Path, seed: Option<&str>) -> Result<(), NodeError> {
    let mut randomness = [0; 32];
    match seed {
        Some(text) => hex::decode_to_slice(text, &mut randomness)
            .map_err(|_| NodeError::BadInput("--seed takes 64 hexadecimal digits".into()))?,
        None => getrandom::fill(&mut randomness)
            .map_err(|e| NodeError::Missing(format!("the system gives no randomness: {e}")))?,
    }
    let genesis = deal::deal(world, state, &randomness)?;
    println!("dealt {} {}", genesis.world.name, hex::encode(genesis.id()));
    Ok(())
}

fn serve(options: Options) -> Result<(), NodeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(|e| NodeError::Missing(format!("the runtime cannot be started: {e}")))?;
    let outcome = runtime.block_on(run::run(options));
    // Streams and connections that are still open end with the process.
    runtime.shutdown_background();
    outcome
}

/// Why a step fails, or what there is to say of one that holds.
fn detail(step: &globelet_protocol::verify::Step) -> Option<&str> {
    step.holds.as_ref().err().map(String::as_str).or(step.note)
}

/// Prints each step; whether all hold.
fn verify(genesis: &Path, as_json: bool, file: &Path) -> Result<bool, NodeError> {
    let genesis = directory::load_genesis(genesis)?;
    let text = std::fs::read(file).map_err(|e| NodeError::unreadable(file, &e))?;
    let document: serde_json::Value = serde_json::from_slice(&text).map_err(|e| {
        let path = file.display();
        NodeError::BadInput(format!(
            "{path} is not JSON: {e}; name a receipt as `globelet receipt show --out` writes it"
        ))
    })?;
    let steps = globelet_protocol::receipt_json::verify(&genesis, &document);
    let valid = steps.iter().all(|s| s.holds.is_ok());
    if as_json {
        let rows: Vec<serde_json::Value> = steps
            .iter()
            .map(|s| serde_json::json!({"name": s.name, "holds": s.holds.is_ok(), "detail": detail(s)}))
            .collect();
        println!("{}", serde_json::json!({"valid": valid, "steps": rows}));
    } else {
        for step in &steps {
            match &step.holds {
                Ok(()) => println!("holds  {}{}", step.name, step.note.map_or(String::new(), |n| format!(": {n}"))),
                Err(why) => println!("FAILS  {}: {why}", step.name),
            }
        }
    }
    Ok(valid)
}
