//! A small world on loopback: two municipalities of four replicas, and the two chains above them, one process each.
#![allow(dead_code)] // each test binary uses some of it
pub mod running;

use globelet_types::world::*;
use globelet_types::{ChainId, RegionId};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nobody has, of those the kernel gives to no connection: one it had given could be another connection's
/// by the time a process starts, or starts again. Each test binary begins at a place of its own.
fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let next = || (std::process::id() + TAKEN.fetch_add(1, Ordering::Relaxed)) % 8_000;
    let ports = std::iter::repeat_with(|| 24_000 + u16::try_from(next()).unwrap());
    ports.take(8_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn process(name: &str) -> ProcessSpec {
    ProcessSpec { name: name.into(), host: "127.0.0.1".into(), http_port: free_port(), node_port: free_port() }
}

fn node(chain: u16, number: usize, role: Role) -> NodeSpec {
    let letter = if role == Role::Replica { 'r' } else { 'h' };
    let name = ["tokyo", "paris", "continent", "globe"][usize::from(chain)];
    NodeSpec {
        name: format!("{name}-{letter}{number}"),
        chain: ChainId(chain),
        role,
        region: RegionId(chain % 2),
        city: name.into(),
        latitude: 35.0,
        longitude: 139.0,
        stake: 1,
        process: chain,
    }
}

pub fn world() -> WorldSpec {
    let chain = |name: &str, kind, parent| ChainSpec { name: name.into(), kind, parent, population: 1, seats: None };
    let members = |c: u16, holders: usize| {
        let replicas = (0..4).map(move |n| node(c, n, Role::Replica));
        replicas.chain((0..holders).map(move |n| node(c, n, Role::Holder)))
    };
    let link = |from: u16, to: u16| LinkSpec {
        from: RegionId(from),
        to: RegionId(to),
        delay_us: if from == to { 300 } else { 5_000 },
        jitter_us: 20,
        loss: 0.0,
    };
    WorldSpec {
        name: "pair".into(),
        seed: 1,
        regions: vec!["tokyo".into(), "paris".into()],
        chains: vec![
            chain("tokyo", ChainKind::Municipal, Some(ChainId(2))),
            chain("paris", ChainKind::Municipal, Some(ChainId(2))),
            chain("continent", ChainKind::Continental, Some(ChainId(3))),
            chain("globe", ChainKind::Global, None),
        ],
        processes: vec![process("tokyo"), process("paris"), process("continent"), process("globe")],
        nodes: members(0, 3).chain(members(1, 3)).chain(members(2, 0)).chain(members(3, 0)).collect(),
        links: vec![link(0, 0), link(0, 1), link(1, 0), link(1, 1)],
        internet: Vec::new(),
        fallback: Fallback::default(),
        selection: None,
        parameters: Parameters {
            shards_needed: 3,
            proofs_needed: 5,
            parcel_shards_needed: 2,
            batch_us: 2_000,
            batch_most: 500,
            waiting_most: 10_000,
            holding_us: 60_000_000,
            report_us: 100_000,
            repair_us: 500_000,
            timeout_us: 1_000_000,
            skew_us: 1_000_000,
            treasury: 1_000_000,
            lane_kem: LaneKem::default(),
            holders_drawn: 0,
            epoch_us: 0,
            place_share_ppm: 0,
        },
    }
}

/// Deals the world into `state`.
pub fn deal(state: &Path) -> globelet_protocol::Genesis {
    deal_world(state, &world())
}

/// Deals a world into `state`.
pub fn deal_world(state: &Path, world: &WorldSpec) -> globelet_protocol::Genesis {
    let file = state.join("world.json");
    std::fs::write(&file, serde_json::to_vec(world).unwrap()).unwrap();
    globelet_node::deal::deal(&file, state, &[9; 32]).unwrap()
}

/// The world with Tokyo's holders each in a process of its own.
pub fn spread() -> WorldSpec {
    let mut world = world();
    for name in ["tokyo-h0", "tokyo-h1", "tokyo-h2"] {
        let place = world.processes.len() as u16;
        world.processes.push(process(name));
        world.nodes.iter_mut().filter(|n| n.name == name).for_each(|n| n.process = place);
    }
    world
}
