//! `globelet._native.simulator`: a whole world in virtual time, driven by batched calls.
mod documents;
mod policy;

use documents::{genesis, ledgers, link_rows, route_rows, state};
use globelet_binding::List;
use globelet_protocol::receipt_json;
use globelet_simulator::{adversaries, scenario, Fault, Simulation as World, Violation};
use globelet_types::world::{Route, WorldSpec};
use globelet_types::{decode, AccountId, ChainId, NodeId, OrderId, RegionId, SignedOrder, Stage};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

create_exception!(globelet._native.simulator, BrokenInvariant, PyException, "An invariant of the design is broken.");

/// Builds the submodule.
///
/// # Errors
/// Only when Python runs out of memory.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "simulator")?;
    module.add_class::<Simulation>()?;
    module.add("BrokenInvariant", py.get_type::<BrokenInvariant>())?;
    module.add("ADVERSARIES", PyTuple::new(py, adversaries::NAMES)?)?;
    Ok(module)
}

/// A world in virtual time. Every call lets other threads of the interpreter run.
#[pyclass(module = "globelet._native.simulator", frozen)]
pub struct Simulation {
    world: Mutex<World>,
}

/// A violation as the exception, with its parts as attributes.
fn broken(py: Python<'_>, violation: &Violation) -> PyErr {
    let error = BrokenInvariant::new_err(violation.to_string());
    let value = error.value(py);
    let noted = value
        .setattr("invariant", violation.invariant)
        .and_then(|()| value.setattr("at_us", violation.at_us))
        .and_then(|()| value.setattr("detail", &violation.detail));
    noted.err().unwrap_or(error)
}

fn order_ids(texts: &[String]) -> PyResult<Vec<OrderId>> {
    let parse = |text: &String| {
        OrderId::parse(text).ok_or_else(|| PyValueError::new_err(format!("{text:?} is not 64 hexadecimal digits")))
    };
    texts.iter().map(parse).collect()
}

fn stage(name: &str) -> PyResult<Stage> {
    serde_json::from_value(serde_json::Value::from(name))
        .map_err(|_| PyValueError::new_err(format!("{name:?} is not a step of the ladder")))
}

fn region(world: &World, name: &str) -> PyResult<RegionId> {
    world.region(name).ok_or_else(|| PyKeyError::new_err(format!("there is no region {name:?} in this world")))
}

fn route_named(name: &str) -> PyResult<Route> {
    let known = [Route::Backbone, Route::Internet].into_iter().find(|route| route.name() == name);
    known.ok_or_else(|| PyKeyError::new_err(format!("no route is called {name}; there are backbone and internet")))
}

fn chain(world: &World, name: &str) -> PyResult<ChainId> {
    world.chain(name).ok_or_else(|| PyKeyError::new_err(format!("there is no chain {name:?} in this world")))
}

/// The nodes of a process, or the one node of that name.
fn nodes(world: &World, name: &str) -> PyResult<Vec<NodeId>> {
    let spec = world.world();
    let process = spec.processes.iter().position(|p| p.name == name);
    let ids = (0u16..).map(NodeId).zip(&spec.nodes);
    let found: Vec<NodeId> =
        ids.filter(|(_, n)| n.name == name || process == Some(usize::from(n.process))).map(|(id, _)| id).collect();
    if found.is_empty() {
        return Err(PyKeyError::new_err(format!("there is no process and no node {name:?} in this world")));
    }
    Ok(found)
}

impl Simulation {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the world without the interpreter's lock.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut World) -> T + Send) -> T {
        py.detach(|| work(&mut self.lock()))
    }

    fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut World) -> Result<T, Violation> + Send,
    ) -> PyResult<T> {
        self.with(py, work).map_err(|violation| broken(py, &violation))
    }

    fn each_node(&self, py: Python<'_>, name: &str, work: impl Fn(&mut World, NodeId) + Send + Sync) -> PyResult<()> {
        self.with(py, |world| {
            nodes(world, name)?.into_iter().for_each(|node| work(world, node));
            Ok(())
        })
    }

    fn on_route(
        &self,
        py: Python<'_>,
        source: &str,
        to: &str,
        routes: &[Route],
        change: impl Fn(&mut Fault) + Send + Sync,
    ) -> PyResult<()> {
        self.on_link(py, source, to, |world, source, to| {
            routes.iter().for_each(|route| world.alter(source, to, *route, &change));
        })
    }

    fn on_link(
        &self,
        py: Python<'_>,
        source: &str,
        to: &str,
        work: impl FnOnce(&mut World, RegionId, RegionId) + Send,
    ) -> PyResult<()> {
        self.with(py, |world| {
            let (source, to) = (region(world, source)?, region(world, to)?);
            work(world, source, to);
            Ok(())
        })
    }
}

#[pymethods]
impl Simulation {
    #[new]
    fn new(py: Python<'_>, world_json: &str, seed: u64) -> PyResult<Simulation> {
        let spec: WorldSpec = serde_json::from_str(world_json)
            .map_err(|error| PyValueError::new_err(format!("this is not a resolved world: {error}")))?;
        let world = py.detach(|| World::new(spec, seed)).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Simulation { world: Mutex::new(world) })
    }

    /// The world tag that orders are signed for.
    fn tag(&self, py: Python<'_>) -> u64 {
        self.with(py, |world| world.tag())
    }

    /// Virtual time, microseconds of the epoch.
    fn now_us(&self, py: Python<'_>) -> u64 {
        self.with(py, |world| world.now())
    }

    /// Events handled so far.
    fn steps(&self, py: Python<'_>) -> u64 {
        self.with(py, |world| world.steps())
    }

    /// The hash of everything that happened so far, hexadecimal.
    fn fingerprint(&self, py: Python<'_>) -> String {
        OrderId(self.with(py, |world| world.fingerprint())).to_string()
    }

    /// The seed, 32 bytes, of the key of a municipality's treasury.
    fn treasury_seed<'py>(&self, py: Python<'py>, municipality: &str) -> PyResult<Bound<'py, PyBytes>> {
        let seed = self.with(py, |world| Ok::<_, PyErr>(world.treasury_seed(chain(world, municipality)?)))?;
        let missing = || PyKeyError::new_err(format!("{municipality:?} is no municipality of this world"));
        Ok(PyBytes::new(py, &seed.ok_or_else(missing)?))
    }

    /// Hands in signed orders, each so many microseconds from now, and returns their ids.
    #[pyo3(signature = (orders, after_us=None))]
    fn submit(&self, py: Python<'_>, orders: Vec<PyBackedBytes>, after_us: Option<Vec<u64>>) -> PyResult<Vec<String>> {
        let after = after_us.unwrap_or_else(|| vec![0; orders.len()]);
        if after.len() != orders.len() {
            return Err(PyValueError::new_err(format!("{} orders came with {} times", orders.len(), after.len())));
        }
        self.with(py, |world| {
            let now = world.now();
            let one = |(bytes, after): (&PyBackedBytes, &u64)| {
                let order: SignedOrder =
                    decode(bytes).map_err(|e| PyValueError::new_err(format!("this is not a signed order: {e}")))?;
                let id = world.submit_at(now.saturating_add(*after), order);
                id.map(|id| id.to_string()).map_err(|refusal| PyValueError::new_err(refusal.to_string()))
            };
            orders.iter().zip(&after).map(one).collect()
        })
    }

    /// Lets the world run.
    fn run_for(&self, py: Python<'_>, us: u64) -> PyResult<()> {
        self.run(py, |world| world.run_for(us))
    }

    /// Runs until every order was answered by its ingress.
    fn run_until_answered(&self, py: Python<'_>, ids: List<String>, limit_us: u64) -> PyResult<bool> {
        let ids = order_ids(&ids)?;
        self.run(py, |world| world.run_until_each(&ids, limit_us, |climb| climb.answered))
    }

    /// Runs until every order reached a stage or no longer can; without one, until each has an end.
    #[pyo3(signature = (ids, stage, limit_us))]
    fn run_until_stage(&self, py: Python<'_>, ids: List<String>, stage: Option<&str>, limit_us: u64) -> PyResult<bool> {
        let (ids, stage) = (order_ids(&ids)?, stage.map(self::stage).transpose()?);
        self.run(py, |world| world.run_until_stage(&ids, stage, limit_us))
    }

    /// Runs until an order has reached more steps than are known.
    fn run_until_step(&self, py: Python<'_>, order: &str, known: usize, limit_us: u64) -> PyResult<bool> {
        let ids = order_ids(&[order.to_owned()])?;
        self.run(py, |world| world.run_until_step(ids[0], known, limit_us))
    }

    /// Runs until nothing is under way.
    fn run_until_rest(&self, py: Python<'_>, limit_us: u64) -> PyResult<bool> {
        self.run(py, |world| world.run_until_rest(limit_us))
    }

    /// Checks what must hold once nothing is under way, and that every log replays to the same ledger.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, World::finish)
    }

    /// The state of each order as a JSON document; None where it was never submitted.
    fn receipts(&self, py: Python<'_>, ids: List<String>) -> PyResult<Vec<Option<String>>> {
        let ids = order_ids(&ids)?;
        Ok(self.with(py, |world| {
            ids.iter().map(|id| world.ladder().get(id).map(|climb| state(world, climb).to_string())).collect()
        }))
    }

    /// The complete receipt of each order as the JSON document that proves it; None where there is none yet.
    fn complete_receipts(&self, py: Python<'_>, ids: List<String>) -> PyResult<Vec<Option<String>>> {
        let ids = order_ids(&ids)?;
        Ok(self.with(py, |world| {
            let document = |receipt| receipt_json::to_json(world.genesis(), receipt).to_string();
            ids.iter().map(|id| world.ladder().get(id)?.receipt.as_deref().map(document)).collect()
        }))
    }

    /// The world's genesis, as `genesis.json` of a dealt world holds it.
    fn genesis(&self, py: Python<'_>) -> String {
        self.with(py, |world| genesis(world).to_string())
    }

    /// Balance and highest nonce of an account at its ingress; None where it is not open.
    fn account(&self, py: Python<'_>, municipality: &str, account: &str) -> PyResult<Option<(u64, u64)>> {
        let id = AccountId::parse(account)
            .ok_or_else(|| PyValueError::new_err(format!("{account:?} is not 64 hexadecimal digits")))?;
        self.with(py, |world| Ok(world.account_at_ingress(chain(world, municipality)?, &id)))
    }

    /// Where an account lives that went from a municipality; None where it is there, or never was.
    fn home(&self, py: Python<'_>, municipality: &str, account: &str) -> PyResult<Option<String>> {
        let id = AccountId::parse(account)
            .ok_or_else(|| PyValueError::new_err(format!("{account:?} is not 64 hexadecimal digits")))?;
        self.with(py, |world| {
            let home = world.home(chain(world, municipality)?, &id);
            Ok(home.map(|c| world.world().chains[c.index()].name.clone()))
        })
    }

    /// Bytes of shards that each holder keeps, by name.
    fn bytes_held(&self, py: Python<'_>) -> BTreeMap<String, u64> {
        self.with(py, |world| {
            let name = |node: NodeId| world.world().nodes[node.index()].name.clone();
            world.bytes_held().into_iter().map(|(node, bytes)| (name(node), bytes)).collect()
        })
    }

    /// What the honest replicas that are up have booked: a JSON list with one entry per chain.
    fn ledgers(&self, py: Python<'_>) -> String {
        self.with(py, |world| ledgers(world).to_string())
    }

    /// Sends probes over every link while the world runs; a JSON list with one row per link.
    fn probe_links(&self, py: Python<'_>, samples: usize, spacing_us: u64) -> PyResult<String> {
        self.run(py, |world| {
            let delays = world.probe(samples, spacing_us)?;
            Ok(link_rows(world, delays).to_string())
        })
    }

    /// Cuts the link from one region to another; all of it, or one of its routes.
    #[pyo3(signature = (source, to, route=None))]
    fn cut(&self, py: Python<'_>, source: &str, to: &str, route: Option<&str>) -> PyResult<()> {
        match route {
            None => self.on_link(py, source, to, World::cut),
            Some(route) => self.on_route(py, source, to, &[route_named(route)?], |fault| fault.cut = true),
        }
    }

    /// Loses messages of a link, with this probability.
    #[pyo3(signature = (source, to, probability, route=None))]
    fn lossy(&self, py: Python<'_>, source: &str, to: &str, probability: f64, route: Option<&str>) -> PyResult<()> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(PyValueError::new_err(format!("a probability is from 0 to 1, {probability} is not")));
        }
        match route {
            None => self.on_link(py, source, to, |world, source, to| world.lossy(source, to, probability)),
            Some(route) => self.on_route(py, source, to, &[route_named(route)?], |fault| fault.loss = probability),
        }
    }

    /// Delays what is sent on a link by so much more than declared.
    #[pyo3(signature = (source, to, extra_us, route=None))]
    fn slow(&self, py: Python<'_>, source: &str, to: &str, extra_us: u64, route: Option<&str>) -> PyResult<()> {
        let routes = match route {
            None => vec![Route::Backbone, Route::Internet],
            Some(route) => vec![route_named(route)?],
        };
        self.on_route(py, source, to, &routes, |fault| fault.slower_us = extra_us)
    }

    /// Makes a link, or one of its routes, as the world declares it.
    #[pyo3(signature = (source, to, route=None))]
    fn heal(&self, py: Python<'_>, source: &str, to: &str, route: Option<&str>) -> PyResult<()> {
        match route {
            None => self.on_link(py, source, to, World::mend),
            Some(route) => self.on_route(py, source, to, &[route_named(route)?], |f| *f = Fault::default()),
        }
    }

    /// The routes between continents as they are used now: a JSON list, one row per directed link and route.
    fn routes(&self, py: Python<'_>) -> String {
        self.with(py, |world| route_rows(world).to_string())
    }

    /// Power fails at a node, or at every node of a process.
    fn crash(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.each_node(py, name, World::crash)
    }

    /// A node, or every node of a process, comes back from its log.
    fn restart(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let found = self.with(py, |world| nodes(world, name))?;
        self.run(py, |world| found.into_iter().try_for_each(|node| world.restart(node)))
    }

    /// Freezes a node, or every node of a process.
    fn pause(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.each_node(py, name, World::pause)
    }

    /// Lets frozen nodes go on.
    fn resume(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.each_node(py, name, World::resume)
    }

    /// Whether every node of that name, or of the process of that name, has power.
    fn is_up(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        self.with(py, |world| Ok(nodes(world, name)?.into_iter().all(|node| world.is_up(node))))
    }

    /// Lets a policy choose from now on; asks it at once, and whenever those present change.
    fn select_by(&self, py: Python<'_>, policy: Py<PyAny>) {
        self.with(py, |world| world.select_by(policy::selector(policy)));
    }

    /// Makes a node an adversary, by name.
    fn corrupt(&self, py: Python<'_>, node: &str, adversary: &str) -> PyResult<()> {
        known(adversary)?;
        self.each_node(py, node, |world, node| {
            world.corrupt(node, adversary);
        })
    }

    /// Makes the last replica (or holder, if the name is a holder's) of every committee an adversary, by name.
    fn corrupt_one_each(&self, py: Python<'_>, adversary: &str) -> PyResult<()> {
        known(adversary)?;
        self.with(py, |world| scenario::corrupt_one_each(world, adversary));
        Ok(())
    }

    /// Misbehaviour that honest nodes reported: the node, the member of its committee, what it did.
    fn misbehaviours(&self, py: Python<'_>) -> Vec<(String, u16, String)> {
        self.with(py, |world| {
            let name = |node: &NodeId| world.world().nodes[node.index()].name.clone();
            world.misbehaviours().iter().map(|(node, member, what)| (name(node), *member, what.clone())).collect()
        })
    }
}

fn known(adversary: &str) -> PyResult<()> {
    if adversaries::NAMES.contains(&adversary) {
        return Ok(());
    }
    let names = adversaries::NAMES.join(", ");
    Err(PyValueError::new_err(format!("there is no adversary {adversary:?}, only {names}")))
}
