//! Ready-made scripts, and the result they all return.
use crate::account::Account;
use crate::adversaries;
use crate::checks::{completeness, Violation};
use crate::simulation::Simulation;
use crate::trouble::Trouble;
use globelet_types::world::Role;
use globelet_types::{ChainId, OrderId, Stage};
use serde::Serialize;

/// Longest a script waits for one thing, in virtual microseconds.
pub const PATIENCE_US: u64 = 60_000_000;

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Transfers cross from the first municipality to the first one of another continent.
    TokyoPaysParis,
    /// Every municipality pays every other one in turn.
    EveryonePaysEveryone,
    /// The same while [`Trouble`] strikes.
    Trouble,
}

impl Scenario {
    /// The script of a name, as the command line writes it.
    pub fn parse(name: &str) -> Option<Scenario> {
        match name {
            "tokyo-pays-paris" => Some(Scenario::TokyoPaysParis),
            "everyone-pays-everyone" => Some(Scenario::EveryonePaysEveryone),
            "trouble" => Some(Scenario::Trouble),
            _ => None,
        }
    }
}

/// How a run ended. All times are virtual, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `pass` or `fail`.
    pub verdict: &'static str,
    /// The invariant that broke, or what was not reached.
    pub detail: Option<String>,
    /// Transfers submitted.
    pub transfers: usize,
    /// Of those, how many ended in each way.
    pub credited: usize,
    /// Refused at the source.
    pub refused: usize,
    /// Sent back.
    pub refunded: usize,
    /// Per stage: median and 99th percentile of the time since admitted.
    pub stages: Vec<StageTimes>,
    /// Credited after admitted over the wire's one-way delay: median and 99th percentile.
    pub stretch: Option<(f64, f64)>,
    /// Events handled.
    pub steps: u64,
    /// Virtual time that passed.
    pub virtual_us: u64,
    /// Hash of the trace.
    pub fingerprint: String,
}

/// Times of one stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageTimes {
    /// Stage.
    pub stage: Stage,
    /// Transfers that reached it.
    pub count: usize,
    /// Median.
    pub p50_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
}

/// Opens one client per municipality, at member `ingress`, and funds each.
///
/// # Errors
/// A [`Violation`]; `completeness` if an account is not funded in time.
pub fn funded(simulation: &mut Simulation, ingress: u16, amount: u64) -> Result<Vec<Account>, Violation> {
    let mut accounts = Vec::new();
    for chain in simulation.municipalities() {
        let account = simulation.client(chain, 0).at(ingress);
        simulation.open(&account);
        accounts.push(account);
    }
    reach(simulation, &accounts, "open", |balance| balance.is_some())?;
    for account in &accounts {
        simulation.fund(account, amount);
    }
    reach(simulation, &accounts, "funded", |balance| balance == Some(amount))?;
    Ok(accounts)
}

/// Waits until every account's own ingress knows it as it should be.
fn reach(
    simulation: &mut Simulation,
    accounts: &[Account],
    what: &str,
    holds: impl Fn(Option<u64>) -> bool,
) -> Result<(), Violation> {
    for account in accounts {
        if !simulation.run_until(|s| holds(s.balance_at_ingress(account)), PATIENCE_US)? {
            let detail = format!("the account in municipality {} never was {what}", account.municipality);
            return Err(Violation { invariant: "completeness", at_us: simulation.now(), detail });
        }
    }
    Ok(())
}

/// Runs until every transfer admitted at an honest ingress has its end and is anchored.
///
/// # Errors
/// A [`Violation`].
pub fn settle(simulation: &mut Simulation, orders: &[OrderId]) -> Result<bool, Violation> {
    let done = |s: &Simulation, id: &OrderId| {
        s.ladder().get(id).is_some_and(|c| {
            let admitted = c.stages.contains_key(&Stage::Admitted);
            completeness::check(c).is_ok() && (admitted || c.refusal.is_some())
        })
    };
    // Orders before `first` are done for good, so each is looked at once more only while it is not.
    let mut first = 0;
    simulation.run_until(
        |s| {
            while orders.get(first).is_some_and(|id| done(s, id)) {
                first += 1;
            }
            first == orders.len()
        },
        PATIENCE_US,
    )
}

/// Runs a script: opens and funds a client per municipality, sends, waits, and checks everything.
/// With an adversary, [`corrupt_one_each`] places it.
pub fn run(simulation: &mut Simulation, scenario: Scenario, transfers: usize, adversary: Option<&str>) -> Outcome {
    let begun = simulation.now();
    let mut orders = Vec::new();
    let result = play(simulation, scenario, transfers, adversary, &mut orders);
    outcome(simulation, &orders, result, begun)
}

/// Makes the last member of every first committee an adversary, or the last holder where it is one that only holders can be.
pub fn corrupt_one_each(simulation: &mut Simulation, adversary: &str) {
    let role = adversaries::by_name(adversary).map_or(Role::Replica, |a| a.role());
    for chain in 0..simulation.world().chains.len() as u16 {
        let mut members = simulation.world().members(ChainId(chain), role);
        if role == Role::Replica {
            members.truncate(simulation.world().seats(ChainId(chain)));
        }
        if let Some(last) = members.last().copied() {
            simulation.corrupt(last, adversary);
        }
    }
}

fn play(
    simulation: &mut Simulation,
    scenario: Scenario,
    transfers: usize,
    adversary: Option<&str>,
    orders: &mut Vec<OrderId>,
) -> Result<bool, Violation> {
    if let Some(name) = adversary {
        corrupt_one_each(simulation, name);
    }
    let mut accounts = funded(simulation, 0, 1_000_000)?;
    let ways = ways(simulation, scenario, &accounts);
    let mut trouble = (scenario == Scenario::Trouble).then(|| Trouble::new(simulation.seed()));
    for (from, to) in ways.iter().cycle().take(transfers).copied() {
        let address = accounts[to].address();
        // Open loop: the next one is sent when it is due, not when the last one is through.
        let Some(trouble) = &mut trouble else {
            orders.push(simulation.pay(&mut accounts[from], address, 1));
            simulation.run_for(1_000)?;
            continue;
        };
        trouble.strike(simulation)?;
        orders.extend(simulation.insist(&mut accounts[from], address, 1).ok());
        simulation.run_for(20_000)?;
    }
    if let Some(trouble) = &mut trouble {
        trouble.end(simulation)?;
    }
    let settled = settle(simulation, orders)?;
    // Settlements travel back after the last credit.
    simulation.run_for(2_000_000)?;
    simulation.finish().map(|()| settled)
}

fn ways(simulation: &Simulation, scenario: Scenario, accounts: &[Account]) -> Vec<(usize, usize)> {
    let continent = |account: &Account| simulation.world().chains[account.municipality.index()].parent;
    match scenario {
        Scenario::TokyoPaysParis => {
            let far = accounts.iter().position(|a| continent(a) != continent(&accounts[0]));
            vec![(0, far.unwrap_or(accounts.len() - 1))]
        }
        Scenario::EveryonePaysEveryone | Scenario::Trouble => {
            let all = 0..accounts.len();
            all.clone().flat_map(|a| all.clone().filter(move |b| *b != a).map(move |b| (a, b))).collect()
        }
    }
}

fn outcome(simulation: &Simulation, orders: &[OrderId], result: Result<bool, Violation>, begun: u64) -> Outcome {
    let climbs: Vec<_> = orders.iter().filter_map(|id| simulation.ladder().get(id)).collect();
    let count = |stage| climbs.iter().filter(|c| c.stages.contains_key(&stage)).count();
    let ladder =
        [Stage::Held, Stage::Committed, Stage::Delivered, Stage::Credited, Stage::Acknowledged, Stage::Anchored];
    let times = |stage| {
        let since: Vec<u64> = climbs.iter().filter_map(|c| c.since_admitted(stage)).collect();
        let (p50_us, p99_us) = quantiles(since.clone())?;
        Some(StageTimes { stage, count: since.len(), p50_us, p99_us })
    };
    let detail = match &result {
        Ok(true) => None,
        Ok(false) => Some("not every transfer was anchored in time".to_string()),
        Err(violation) => Some(violation.to_string()),
    };
    Outcome {
        verdict: if detail.is_none() { "pass" } else { "fail" },
        detail,
        transfers: orders.len(),
        credited: count(Stage::Credited),
        refused: count(Stage::Refused),
        refunded: count(Stage::Refunded),
        stages: ladder.into_iter().filter_map(times).collect(),
        stretch: quantiles(orders.iter().filter_map(|id| stretch(simulation, id)).collect())
            .map(|(p50, p99)| (p50 as f64 / 1e6, p99 as f64 / 1e6)),
        steps: simulation.steps(),
        virtual_us: simulation.now() - begun,
        fingerprint: hex::encode(simulation.fingerprint()),
    }
}

/// Credited after admitted over the wire, in millionths.
pub fn stretch(simulation: &Simulation, order: &OrderId) -> Option<u64> {
    let climb = simulation.ladder().get(order)?;
    let transfer = climb.transfer.as_ref()?;
    let there = *simulation.replicas(transfer.destination).first()?;
    let wire = simulation.world().link_between(climb.ingress, there)?.delay_us;
    Some(climb.since_admitted(Stage::Credited)? * 1_000_000 / wire.max(1))
}

fn quantiles(mut values: Vec<u64>) -> Option<(u64, u64)> {
    values.sort_unstable();
    let at = |share: usize| values.get((values.len().checked_sub(1)? * share).div_ceil(100)).copied();
    Some((at(50)?, at(99)?))
}
