//! `globelet-links`: the link emulator as a program of its own.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use globelet_links::address::resolve_listen;
use globelet_links::api::{router, Shared};
use globelet_links::collection::{Collection, NewProxy};
use globelet_links::error::ApiError;
use globelet_links::exact_clock::ExactClock;
use globelet_links::proxy::Surroundings;
use tokio::net::TcpListener;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::Mutex;

const EXAMPLE: &str = "\
Example: a link of 110 ms each way to a server on port 9000
  globelet-links --listen 127.0.0.1:8474 &
  curl -d '{\"name\":\"tokyo-paris\",\"listen\":\"127.0.0.1:9001\",\"upstream\":\"127.0.0.1:9000\",
    \"toxics\":[{\"type\":\"latency\",\"stream\":\"upstream\",\"attributes\":{\"latency\":110}},
              {\"type\":\"latency\",\"stream\":\"downstream\",\"attributes\":{\"latency\":110}}]}' \\
    http://127.0.0.1:8474/proxies

When it listens, it prints one line: ready http://127.0.0.1:8474";

/// A TCP proxy with exact, seeded delays that speaks Toxiproxy's HTTP API 2.12.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLE)]
struct Arguments {
    /// Where the API listens; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8474")]
    listen: String,
    /// Proxies to create at the start: a JSON array, as for POST /populate
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The seed of jitter, loss, slices and toxicity
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Worker threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Also write the ready line to this open file descriptor
    #[arg(long, value_name = "FD")]
    ready_fd: Option<u32>,
    /// Let the API and the proxies listen beyond loopback
    #[arg(long)]
    allow_remote: bool,
}

/// Why the emulator could not start or go on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Refused(#[from] ApiError),
    #[error("{path}: {cause}")]
    Config { path: PathBuf, cause: String },
    #[error("{0}")]
    System(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(usize::from(arguments.threads))
        .enable_all()
        .build()
        .map_err(Failure::from)
        // On a worker, not on this thread, so that the workers alone do all the work.
        .and_then(|runtime| {
            let task = runtime.spawn(run(arguments));
            runtime.block_on(task).map_err(io::Error::from)?
        });
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("globelet-links: {failure}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let address = resolve_listen(&arguments.listen, arguments.allow_remote).await?;
    let listener = TcpListener::bind(address).await.map_err(|cause| ApiError::listen(&arguments.listen, &cause))?;
    let mut collection = Collection::new(Surroundings {
        clock: ExactClock::new()?,
        seed: arguments.seed,
        allow_remote: arguments.allow_remote,
    });
    if let Some(path) = &arguments.config {
        let populated = collection.populate(read_config(path)?).await?;
        if let Some(refused) = populated.refused {
            return Err(refused.into());
        }
    }
    let shared: Shared = Arc::new(Mutex::new(collection));
    announce(&format!("ready http://{}\n", listener.local_addr()?), arguments.ready_fd)?;
    let stop = stop_signal()?;
    tokio::select! {
        served = axum::serve(listener, router(shared)) => Ok(served?),
        () = stop => Ok(()),
    }
}

fn read_config(path: &Path) -> Result<Vec<NewProxy>, Failure> {
    let failed = |cause: String| Failure::Config { path: path.to_owned(), cause };
    let text = std::fs::read(path).map_err(|cause| failed(cause.to_string()))?;
    serde_json::from_slice(&text).map_err(|cause| failed(cause.to_string()))
}

fn announce(line: &str, ready_fd: Option<u32>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(line.as_bytes())?;
    output.flush()?;
    if let Some(fd) = ready_fd {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{fd}"))?;
        pipe.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// Completes at the first SIGINT or SIGTERM.
fn stop_signal() -> io::Result<impl std::future::Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
