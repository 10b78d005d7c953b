//! `globelet-simulate`: one script over one world in virtual time, from the command line.
use globelet_simulator::adversaries::NAMES;
use globelet_simulator::scenario::{run, Outcome, Scenario};
use globelet_simulator::{sample, Simulation};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: globelet-simulate [--world FILE] [--seed N] \
[--scenario tokyo-pays-paris|everyone-pays-everyone|trouble] [--transfers N] [--adversary NAME|each] [--seeds N] [--json]
Without --world the built-in tokyo-paris runs. --seeds runs that many in a row, from the seed on, a line each;
--adversary each takes another one with every seed, and none with every ninth.";

struct Knobs {
    world: Option<String>,
    seed: u64,
    scenario: Scenario,
    scenario_name: String,
    transfers: usize,
    adversary: Option<String>,
    seeds: Option<u64>,
    json: bool,
}

impl Knobs {
    /// The adversary of one run.
    fn adversary(&self, seed: u64) -> Option<&str> {
        match self.adversary.as_deref() {
            Some("each") => NAMES.get((seed % (NAMES.len() as u64 + 1)) as usize).copied(),
            chosen => chosen,
        }
    }
}

fn knobs(mut arguments: impl Iterator<Item = String>) -> Result<Knobs, String> {
    let mut knobs = Knobs {
        world: None,
        seed: 7,
        scenario: Scenario::TokyoPaysParis,
        scenario_name: "tokyo-pays-paris".into(),
        transfers: 10,
        adversary: None,
        seeds: None,
        json: false,
    };
    while let Some(name) = arguments.next() {
        if name == "--json" {
            knobs.json = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number, not {value}"));
        match name.as_str() {
            "--world" => knobs.world = Some(value),
            "--seed" => knobs.seed = number()?,
            "--seeds" => knobs.seeds = Some(number()?),
            "--transfers" => knobs.transfers = number()? as usize,
            "--scenario" => {
                knobs.scenario = Scenario::parse(&value).ok_or_else(|| format!("there is no scenario {value}"))?;
                knobs.scenario_name = value;
            }
            "--adversary" if value == "each" || NAMES.contains(&value.as_str()) => knobs.adversary = Some(value),
            "--adversary" => return Err(format!("there is no adversary {value}, only {}", NAMES.join(", "))),
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(knobs)
}

fn simulation(knobs: &Knobs, seed: u64) -> Result<Simulation, String> {
    let world = match &knobs.world {
        None => sample::tokyo_paris(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{path} cannot be read: {e}"))?;
            serde_json::from_str(&text).map_err(|e| format!("{path} is not a resolved world: {e}"))?
        }
    };
    Simulation::new(world, seed).map_err(|e| e.to_string())
}

fn print(outcome: &Outcome, real_ms: u128) {
    println!("{:<14}{:>8}{:>12}{:>12}", "stage", "count", "p50 ms", "p99 ms");
    for row in &outcome.stages {
        let (p50, p99) = (row.p50_us as f64 / 1e3, row.p99_us as f64 / 1e3);
        println!("{:<14}{:>8}{:>12.3}{:>12.3}", row.stage.name(), row.count, p50, p99);
    }
    if let Some((p50, p99)) = outcome.stretch {
        println!("stretch        p50 {p50:.3}, p99 {p99:.3}");
    }
    println!(
        "{} transfers: {} credited, {} refused, {} refunded",
        outcome.transfers, outcome.credited, outcome.refused, outcome.refunded
    );
    let virtual_ms = outcome.virtual_us / 1_000;
    println!("{virtual_ms} ms of virtual time in {real_ms} ms, {} events", outcome.steps);
    println!("fingerprint    {}", outcome.fingerprint);
    println!("verdict        {}", outcome.verdict);
    if let Some(detail) = &outcome.detail {
        println!("               {detail}");
    }
}

/// One run, shown in full. True if it passed.
fn one(knobs: &Knobs) -> Result<bool, String> {
    let adversary = knobs.adversary(knobs.seed);
    eprintln!(
        "seed {}  world {}  scenario {}  transfers {}  adversary {}",
        knobs.seed,
        knobs.world.as_deref().unwrap_or("tokyo-paris (built in)"),
        knobs.scenario_name,
        knobs.transfers,
        adversary.unwrap_or("none"),
    );
    let begun = Instant::now();
    let mut simulation = simulation(knobs, knobs.seed)?;
    let outcome = run(&mut simulation, knobs.scenario, knobs.transfers, adversary);
    let real_ms = begun.elapsed().as_millis();
    if knobs.json {
        let document = serde_json::json!({
            "scenario": knobs.scenario_name, "engine": "simulator", "world": simulation.world().name,
            "seed": knobs.seed, "adversary": adversary, "real_ms": real_ms as u64, "outcome": outcome,
        });
        println!("{document:#}");
    } else {
        print(&outcome, real_ms);
    }
    Ok(outcome.verdict == "pass")
}

/// Many runs, a line each. True if all passed.
fn sweep(knobs: &Knobs, seeds: u64) -> Result<bool, String> {
    let mut failed = 0;
    for seed in knobs.seed..knobs.seed.saturating_add(seeds) {
        let adversary = knobs.adversary(seed);
        let mut simulation = simulation(knobs, seed)?;
        let outcome = run(&mut simulation, knobs.scenario, knobs.transfers, adversary);
        let adversary = adversary.unwrap_or("none");
        println!("{:<5} seed {seed:<6} {adversary:<16} {:>8} events", outcome.verdict, outcome.steps);
        if let Some(detail) = outcome.detail {
            failed += 1;
            let (name, transfers) = (&knobs.scenario_name, knobs.transfers);
            let adversary = if adversary == "none" { String::new() } else { format!(" --adversary {adversary}") };
            println!("      {detail}");
            println!("      globelet-simulate --scenario {name} --transfers {transfers} --seed {seed}{adversary}");
        }
    }
    println!("{} of {seeds} passed", seeds - failed);
    Ok(failed == 0)
}

fn main() -> ExitCode {
    let knobs = match knobs(std::env::args().skip(1)) {
        Ok(knobs) => knobs,
        Err(error) => {
            eprintln!("globelet-simulate: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let passed = match knobs.seeds {
        Some(seeds) => sweep(&knobs, seeds),
        None => one(&knobs),
    };
    match passed {
        Ok(passed) => ExitCode::from(u8::from(!passed)),
        Err(error) => {
            eprintln!("globelet-simulate: {error}");
            ExitCode::from(2)
        }
    }
}
