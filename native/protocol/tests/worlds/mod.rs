//! Orders and resolved worlds: any bytes are taken without harm, orders only as they would be written.
use globelet_fuzz::{fuzz, within};
use globelet_types::world::{
    ChainKind, ChainSpec, Fallback, LaneKem, LinkSpec, NodeSpec, Parameters, ProcessSpec, Role, Route, WorldSpec,
};
use globelet_types::{
    decode, encode, AccountId, ChainId, Choice, Move, NodeId, Opening, Order, RegionId, SignedOrder, Transfer, Vote,
};

#[test]
fn orders() {
    let (from, to) = (AccountId([1; 32]), AccountId([2; 32]));
    let (source, destination) = (ChainId(0), ChainId(1));
    let transfer = Transfer { world: 1, source, destination, from, to, amount: 5, nonce: 9, expires_us: 7 };
    let opening = Opening { world: 1, municipality: source, account: from, expires_us: 7 };
    let moving = Move { world: 1, source, destination, account: from, nonce: 9, expires_us: 7 };
    let vote =
        |choice| Order::Vote(Vote { world: 1, municipality: source, account: from, choice, nonce: 9, expires_us: 7 });
    let known = [
        Order::Transfer(transfer),
        Order::Opening(opening),
        Order::Move(moving),
        vote(Choice::Candidate(NodeId(5))),
        vote(Choice::Delegate(to)),
    ];
    let known = known.map(|order| SignedOrder { order, signature: [3; 64] });
    fuzz("types-order", &known.clone().map(|order| encode(&order)), |bytes| {
        let Ok(found) = within(bytes, 16, decode::<SignedOrder>) else { return };
        assert_eq!(encode(&found), bytes);
        let order = &found.order;
        assert!(order.signing_bytes().ends_with(&bytes[..bytes.len() - 64]));
        assert!(order.leaves_for() != Some(order.municipality()), "what stays leaves for nowhere");
        assert!(order.spends().is_none_or(|spends| spends.account == order.signer()));
        for one in &known {
            assert_eq!(one.order.id() == found.order.id(), one.order == found.order, "an id stands for one order");
        }
    });
}

fn world() -> WorldSpec {
    let node = |index: u16, role| NodeSpec {
        name: format!("node {index}"),
        chain: ChainId(0),
        role,
        region: RegionId(index % 2),
        city: "town".into(),
        latitude: 35.5,
        longitude: -139.0,
        stake: 1,
        process: 0,
    };
    let replicas = (0..4).map(|index| node(index, Role::Replica));
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
    let link = |(from, to)| LinkSpec { from: RegionId(from), to: RegionId(to), delay_us: 1, jitter_us: 0, loss: 0.0 };
    WorldSpec {
        name: "town".into(),
        seed: 1,
        regions: vec!["a".into(), "b".into()],
        chains: vec![ChainSpec {
            name: "town".into(),
            kind: ChainKind::Municipal,
            parent: None,
            population: 1,
            seats: None,
        }],
        processes: vec![ProcessSpec { name: "town".into(), host: "h".into(), http_port: 1, node_port: 2 }],
        nodes: replicas.chain([node(4, Role::Holder)]).collect(),
        links: pairs.map(link).to_vec(),
        internet: pairs[1..3].iter().map(|pair| link(*pair)).collect(),
        fallback: Fallback { bad: 4, ..Fallback::default() },
        selection: None,
        parameters: Parameters {
            shards_needed: 3,
            proofs_needed: 4,
            parcel_shards_needed: 2,
            batch_us: 1,
            batch_most: 1,
            waiting_most: 1,
            holding_us: 1,
            report_us: 1,
            repair_us: 1,
            timeout_us: 1,
            skew_us: 1,
            treasury: 1,
            lane_kem: LaneKem::Sntrup761,
            holders_drawn: 1,
            epoch_us: 0,
            place_share_ppm: 0,
        },
    }
}

#[test]
fn worlds() {
    let seed = serde_json::to_vec(&world()).unwrap();
    fuzz("types-world", &[seed], |bytes| {
        let Ok(world) = within(bytes, 64, |b| serde_json::from_slice::<WorldSpec>(b)) else { return };
        if world.check().is_err() {
            return;
        }
        // What was checked can be used: no index leads out of its table, and no sum overflows.
        for node in 0..world.nodes.len() as u16 {
            assert!(world.link_between(NodeId(0), NodeId(node)).is_some());
        }
        for link in world.links.iter().chain(&world.internet) {
            let back = world.link_over(link.to, link.from, Route::Backbone).unwrap();
            world.fallback.bound_us(link.delay_us + back.delay_us);
        }
        for chain in 0..world.chains.len() as u16 {
            assert!(world.members(ChainId(chain), Role::Replica).len() >= 4);
            let holders = world.members(ChainId(chain), Role::Holder).len();
            assert!(world.parameters.holders_drawn_of(holders) <= holders);
        }
    });
}

#[test]
fn numbers_beyond_all_bounds_are_refused_with_the_first_one() {
    let refused = |bend: fn(&mut WorldSpec)| {
        let mut bent = world();
        bend(&mut bent);
        bent.check().unwrap_err().to_string()
    };
    assert_eq!(world().check(), Ok(()));
    let stray = LinkSpec { from: RegionId(9), to: RegionId(0), delay_us: 1, jitter_us: 0, loss: 0.0 };
    let mut bent = world();
    bent.links.push(stray);
    assert!(bent.check().unwrap_err().to_string().contains("outside"));
    assert!(refused(|w| w.links[1].delay_us = u64::MAX).contains("from region 0 to region 1"));
    assert!(refused(|w| w.internet[0].loss = -0.5).contains("beyond"));
    assert!(refused(|w| w.parameters.timeout_us = u64::MAX).contains("longer than a year"));
    assert!(refused(|w| w.fallback.late_us = u64::MAX).contains("longer than a year"));
}
