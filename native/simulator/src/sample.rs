//! A small world in code: six municipalities on two continents, 54 nodes, from measured round trips.
use globelet_types::world::{
    ChainKind, ChainSpec, Fallback, LaneKem, LinkSpec, NodeSpec, Parameters, ProcessSpec, Role, WorldSpec,
};
use globelet_types::{ChainId, RegionId};

/// Name, latitude, longitude, population; Asia first, then Europe. The index is region and chain.
const PLACES: [(&str, f64, f64, u64); 6] = [
    ("tokyo", 35.68, 139.69, 14_000_000),
    ("osaka", 34.69, 135.50, 8_800_000),
    ("seoul", 37.57, 126.98, 9_400_000),
    ("paris", 48.86, 2.35, 12_300_000),
    ("london", 51.51, -0.13, 8_900_000),
    ("hesse", 50.11, 8.68, 6_300_000),
];

/// One-way delays in microseconds, by place.
const DELAYS: [[u64; 6]; 6] = [
    [250, 5_000, 18_000, 110_000, 112_000, 113_000],
    [5_000, 250, 12_000, 114_000, 116_000, 117_000],
    [18_000, 12_000, 250, 120_000, 122_000, 125_000],
    [110_000, 114_000, 120_000, 250, 5_000, 5_500],
    [112_000, 116_000, 122_000, 5_000, 250, 8_000],
    [113_000, 117_000, 125_000, 5_500, 8_000, 250],
];

/// The chain of a place in the sample world.
pub fn municipality(name: &str) -> Option<ChainId> {
    PLACES.iter().position(|p| p.0 == name).map(|i| ChainId(i as u16))
}

/// [`tokyo_paris`] with elections: `standbys` more replicas in every municipality, in two cities of each, and a new
/// committee every `epoch_us`.
pub fn elections(standbys: usize, epoch_us: u64) -> WorldSpec {
    let mut world = tokyo_paris();
    let mut nodes = Vec::new();
    for (index, chain) in world.chains.iter_mut().enumerate() {
        let own: Vec<NodeSpec> = world.nodes.iter().filter(|n| n.chain.index() == index).cloned().collect();
        if chain.kind != ChainKind::Municipal {
            nodes.extend(own);
            continue;
        }
        chain.seats = Some(4);
        let (replicas, holders) = own.split_at(4);
        nodes.extend(replicas.iter().cloned());
        nodes.extend(
            (4..4 + standbys).map(|i| NodeSpec { name: format!("{}-r{i}", chain.name), ..replicas[0].clone() }),
        );
        let first = nodes.len() - 4 - standbys;
        for (place, node) in nodes[first..].iter_mut().enumerate() {
            node.city = format!("{} {}", chain.name, place % 2);
        }
        nodes.extend(holders.iter().cloned());
    }
    world.nodes = nodes;
    world.parameters.epoch_us = epoch_us;
    world
}

/// The world `tokyo-paris`: six municipalities of four replicas and three holders, two continental
/// chains and the global chain of four replicas each.
pub fn tokyo_paris() -> WorldSpec {
    let mut chains: Vec<ChainSpec> = PLACES
        .iter()
        .enumerate()
        .map(|(i, p)| chain(p.0, ChainKind::Municipal, Some(if i < 3 { 6 } else { 7 }), p.3))
        .collect();
    chains.push(chain("asia", ChainKind::Continental, Some(8), 0));
    chains.push(chain("europe", ChainKind::Continental, Some(8), 0));
    chains.push(chain("globe", ChainKind::Global, None, 0));
    WorldSpec {
        name: "tokyo-paris".into(),
        seed: 7,
        regions: PLACES.iter().map(|p| p.0.to_string()).collect(),
        processes: (0..9).map(|i| process(&chains[i], i as u16)).collect(),
        nodes: nodes(&chains),
        chains,
        links: links(),
        internet: Vec::new(),
        fallback: Fallback::default(),
        selection: None,
        parameters: parameters(),
    }
}

fn chain(name: &str, kind: ChainKind, parent: Option<u16>, population: u64) -> ChainSpec {
    ChainSpec { name: name.into(), kind, parent: parent.map(ChainId), population, seats: None }
}

fn process(chain: &ChainSpec, index: u16) -> ProcessSpec {
    let http_port = match chain.kind {
        ChainKind::Municipal => 6_100 + index,
        ChainKind::Continental => 6_200 + index,
        ChainKind::Global => 6_300,
    };
    ProcessSpec { name: chain.name.clone(), host: "127.0.0.1".into(), http_port, node_port: http_port + 10_000 }
}

fn nodes(chains: &[ChainSpec]) -> Vec<NodeSpec> {
    let mut nodes = Vec::new();
    for (index, chain) in chains.iter().enumerate() {
        let homes: Vec<usize> = match index {
            6 => vec![0, 1, 2, 1],
            7 => vec![3, 4, 5, 3],
            8 => vec![0, 2, 3, 5],
            own => vec![own; 7],
        };
        for (i, home) in homes.into_iter().enumerate() {
            let role = if i < 4 { Role::Replica } else { Role::Holder };
            nodes.push(node(chain, index, i, role, home));
        }
    }
    nodes
}

fn node(chain: &ChainSpec, index: usize, place: usize, role: Role, home: usize) -> NodeSpec {
    let (letter, number) = if role == Role::Replica { ('r', place) } else { ('h', place - 4) };
    NodeSpec {
        name: format!("{}-{letter}{number}", chain.name),
        chain: ChainId(index as u16),
        role,
        region: RegionId(home as u16),
        city: PLACES[home].0.into(),
        latitude: PLACES[home].1 + 0.01 * place as f64,
        longitude: PLACES[home].2,
        stake: 100,
        process: index as u16,
    }
}

fn links() -> Vec<LinkSpec> {
    let mut links = Vec::new();
    for (from, row) in DELAYS.iter().enumerate() {
        for (to, &delay_us) in row.iter().enumerate() {
            links.push(LinkSpec {
                from: RegionId(from as u16),
                to: RegionId(to as u16),
                delay_us,
                jitter_us: delay_us / 100,
                loss: 0.0,
            });
        }
    }
    links
}

fn parameters() -> Parameters {
    Parameters {
        shards_needed: 3,
        proofs_needed: 5,
        parcel_shards_needed: 2,
        batch_us: 20_000,
        batch_most: 4_096,
        waiting_most: 20_000,
        holding_us: 7_200_000_000,
        report_us: 500_000,
        repair_us: 300_000,
        timeout_us: 1_000_000,
        skew_us: 500_000,
        treasury: 1_000_000_000_000,
        lane_kem: LaneKem::default(),
        holders_drawn: 0,
        epoch_us: 0,
        place_share_ppm: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_usable_world_of_54_nodes() {
        let world = tokyo_paris();
        assert_eq!(world.check(), Ok(()));
        assert_eq!(world.nodes.len(), 54);
        assert_eq!(world.members(ChainId(0), Role::Holder).len(), 3);
        let ocean = world.link(RegionId(0), RegionId(3)).unwrap();
        assert_eq!(ocean.delay_us, 110_000);
    }
}
