//! One process: recovery, threads, sockets, and an orderly end.
use crate::clock::WallClock;
use crate::consul::Address;
use crate::core::{read_record, Core, CoreHandle, Input, Outputs, States};
use crate::directory::Directory;
use crate::error::Foreign;
use crate::feed::Feed;
use crate::gossip::{self, task};
use crate::http::{router, Shared};
use crate::jwks::Tokens;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::secrets::{Origin, Secrets};
use crate::transport::{server, Outward};
use crate::writer::{self, Reports};
use crate::NodeError;
use axum::serve::ListenerExt;
use globelet_protocol::{Effect, NodeSecrets, State};
use globelet_signatures::SigningKey;
use globelet_types::{Micros, NodeId};
use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{mpsc, watch};

/// Threads that write logs: syncs of two nodes can overlap.
const LOG_THREADS: usize = 2;

/// What `run` was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state directory.
    pub state: PathBuf,
    /// The process' name.
    pub process: String,
    /// Key set of the identity service; without it no token is asked for.
    pub jwks: Option<Address>,
    /// The presence service, which shows people who is there.
    pub presence: Option<Address>,
    /// Where its secrets lie.
    pub secrets: Origin,
    /// Between two renewals of this process' presence.
    pub renewal: Duration,
}

/// Opens the logs of all hosted nodes and brings their states back. The feed gets what its outbox lacks of what
/// they publish: a crash may have come between a log and the outbox.
///
/// # Errors
/// [`NodeError`] for a log or an outbox that cannot be used.
pub fn recover(
    directory: &Directory,
    secrets: Vec<NodeSecrets>,
    feed: &Feed,
) -> Result<(States, BTreeMap<NodeId, Log>, Micros), NodeError> {
    let (mut states, mut logs, mut last) = (States::new(), BTreeMap::new(), 0);
    let mut recovery = feed.recovery();
    for secrets in secrets {
        let node = secrets.node;
        let path = directory.state.join("nodes").join(&directory.world().nodes[node.index()].name).join("log");
        let recovered = Log::open(&path, &directory.id, node)?;
        if recovered.torn > 0 {
            crate::error::say(format_args!(
                "{}: cut {} bytes of a torn tail, which was never acknowledged",
                path.display(),
                recovered.torn
            ));
        }
        let mut state = State::new(directory.genesis.clone(), secrets);
        for record in &recovered.records {
            let (now, event) = read_record(record).map_err(|e| NodeError::ForeignLog {
                path: path.clone(),
                foreign: Foreign::Version,
                reason: format!("a record cannot be read ({e}); run the build that wrote it"),
            })?;
            // What it sends now was sent then; peers ask again for what was lost.
            for effect in state.handle(now, event) {
                if let Effect::Publish(publication) = effect {
                    recovery.take(now, publication)?;
                }
            }
            last = last.max(now);
        }
        states.insert(node, state);
        logs.insert(node, recovered.log);
    }
    recovery.finish()?;
    Ok((states, logs, last))
}

struct Threads {
    core: JoinHandle<()>,
    logs: Vec<JoinHandle<()>>,
}

/// Where each node's events go, and the threads that write them.
type LogThreads = (BTreeMap<NodeId, Sender<writer::Append>>, Vec<JoinHandle<()>>);

fn start_logs(
    logs: BTreeMap<NodeId, Log>,
    core: &Sender<Input>,
    fatal: &mpsc::UnboundedSender<NodeError>,
    metrics: &Arc<Metrics>,
) -> io::Result<LogThreads> {
    let (mut senders, mut threads) = (BTreeMap::new(), Vec::new());
    let mut shares: Vec<BTreeMap<NodeId, Log>> = (0..LOG_THREADS).map(|_| BTreeMap::new()).collect();
    for (index, (node, log)) in logs.into_iter().enumerate() {
        shares[index % LOG_THREADS].insert(node, log);
    }
    for share in shares.into_iter().filter(|s| !s.is_empty()) {
        let (sender, queue) = channel();
        senders.extend(share.keys().map(|node| (*node, sender.clone())));
        let reports = Reports { core: core.clone(), fatal: fatal.clone(), metrics: metrics.clone() };
        threads.push(writer::spawn(share, queue, reports)?);
    }
    Ok((senders, threads))
}

fn start_core(core: Core, inputs: Receiver<Input>, handle: CoreHandle) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("core".into()).spawn(move || core.run(&inputs, &handle))
}

async fn bind(directory: &Directory, port: u16, what: &'static str) -> Result<TcpListener, NodeError> {
    let host = directory.this().host.as_str();
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let address = if loopback { "127.0.0.1" } else { "0.0.0.0" };
    TcpListener::bind((address, port)).await.map_err(|e| {
        let (address, reason) = (format!("{address}:{port}"), e.to_string());
        NodeError::PortTaken { what, address, reason }
    })
}

/// Serves until SIGTERM or SIGINT, or until a disk refuses.
///
/// # Errors
/// [`NodeError`], with the exit status it stands for.
pub async fn run(options: Options) -> Result<(), NodeError> {
    let directory = Arc::new(Directory::load(&options.state, &options.process)?);
    let Secrets { nodes: secrets, tls } = Secrets::load(&options.secrets, &directory).await?;
    let keys = secrets.iter().map(|s| (s.node, SigningKey::from_seed(&s.signing))).collect();
    let (http, node) = (
        bind(&directory, directory.this().http_port, "HTTP").await?,
        bind(&directory, directory.this().node_port, "node").await?,
    );
    let metrics = Arc::new(Metrics::default());
    let feed = Feed::new(Outbox::open(&options.state.join("outbox"), &options.process)?, metrics.clone())?;
    let (states, logs, last) = recover(&directory, secrets, &feed)?;
    let thread_error = |e: io::Error| NodeError::Missing(format!("a thread cannot be started: {e}"));
    let (inputs, queue) = channel();
    let (fatal, mut failures) = mpsc::unbounded_channel();
    let (senders, log_threads) = start_logs(logs, &inputs, &fatal, &metrics).map_err(thread_error)?;
    let clock = WallClock::starting_at_least(last);
    let outward = Outward::start(&directory, &tls, clock, &metrics);
    let (publications, published) = mpsc::unbounded_channel();
    let outputs = Outputs { logs: senders, outward: outward.clone(), publications };
    let core = Core::new(directory.clone(), clock, states, outputs, metrics.clone());
    let handle = CoreHandle::new(inputs, clock, metrics.clone());
    let core = start_core(core, queue, handle.clone()).map_err(thread_error)?;
    tokio::spawn(feed.clone().run(published, fatal));
    let tokens = options.jwks.map(|at| Arc::new(Tokens::new(at, &directory.world().name)));
    if let Some(tokens) = tokens.clone() {
        tokio::spawn(async move { tokens.fetch().await });
    }
    let (said, heard) = mpsc::channel(gossip::WAITING);
    let member = task::Process {
        directory: directory.clone(),
        core: handle.clone(),
        outward: outward.clone(),
        tls: tls.clone(),
        metrics: metrics.clone(),
        presence: options.presence,
        keys,
        renewal: options.renewal,
    };
    task::start(member, heard);
    let (stop, stopped) = watch::channel(());
    let shared =
        Shared { directory: directory.clone(), core: handle.clone(), feed, outward, metrics: metrics.clone(), tokens };
    let wait = |mut stopped: watch::Receiver<()>| async move {
        let _ = stopped.changed().await;
    };
    tokio::spawn(
        axum::serve(http.tap_io(|s| drop(s.set_nodelay(true))), router(shared))
            .with_graceful_shutdown(wait(stopped.clone()))
            .into_future(),
    );
    let transport = {
        let (directory, core, stopped) = (directory.clone(), handle.clone(), stopped.clone());
        async move { server::serve(node, &tls, directory, core, said, metrics, wait(stopped)).await }
    };
    let transport = tokio::spawn(transport);
    let _ = writeln!(io::stdout(), "ready {}", options.process);
    let end = tokio::select! {
        end = ended(transport, &mut failures) => end,
        end = asked() => end,
    };
    let _ = stop.send(());
    if matches!(end, Err(NodeError::Disk { .. } | NodeError::DiskFull { .. })) {
        // Nothing may be acknowledged any more: no draining.
        return end;
    }
    handle.tell(Input::Stop);
    finish(Threads { core, logs: log_threads }).await;
    failures.try_recv().map_or(end, Err)
}

async fn asked() -> Result<(), NodeError> {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        return Err(NodeError::Missing("signals cannot be listened to".into()));
    };
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

type Served = tokio::task::JoinHandle<Result<(), tonic::transport::Error>>;

/// The transport or a disk ended the process.
async fn ended(transport: Served, failures: &mut mpsc::UnboundedReceiver<NodeError>) -> Result<(), NodeError> {
    tokio::select! {
        failure = failures.recv() => match failure {
            Some(error) => Err(error),
            None => Err(NodeError::Missing("the log threads ended".into())),
        },
        served = transport => Err(NodeError::Missing(match served {
            Ok(Ok(())) => "the transport ended by itself".into(),
            Ok(Err(error)) => format!("the transport cannot serve: {error}; deal the world again if its certificates are damaged"),
            Err(error) => format!("the transport failed: {error}"),
        })),
    }
}

/// Waits, a bounded time, until the core has ended and the logs are durable.
async fn finish(threads: Threads) {
    let joined = tokio::task::spawn_blocking(move || {
        let _ = threads.core.join();
        for log in threads.logs {
            let _ = log.join();
        }
    });
    if tokio::time::timeout(Duration::from_secs(10), joined).await.is_err() {
        crate::error::say(format_args!(
            "the logs were not synced within 10 s; what was acknowledged is durable already"
        ));
    }
}
