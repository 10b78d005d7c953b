#![allow(clippy::unwrap_used, missing_docs)]
mod common;
use globelet_simulator::scenario::*;
#[test]
fn dbg() {
    let mut sim = common::world(7);
    corrupt_one_each(&mut sim, "equivocator");
    let hesse = sim.replicas(globelet_types::ChainId(1));
    println!("{hesse:?}");
    let h2 = hesse.clone();
    let start = sim.now();
    let mut n = 0;
    sim.listen(Box::new(move |at, from, to, m| {
        if h2.contains(&to) && h2.contains(&from) && (n < 400 || at - start > 59_000_000) && !matches!(m, globelet_protocol::Message::Open{..}) {
            n += 1;
            let text: String = match m {
                globelet_protocol::Message::Hold{header,..} => format!("Hold p{} s{}", header.proposer, header.sequence),
                globelet_protocol::Message::Held{sequence,proof,..} => format!("Held s{} by {}", sequence, proof.holder),
                globelet_protocol::Message::Vertex(v) => format!("Vertex p{} s{}", v.header.proposer, v.header.sequence),
                globelet_protocol::Message::Agree{round,messages} => format!("Agree {round} {:?}", messages.iter().map(|(i,m)| format!("{i}:{}", format!("{m:?}").chars().take(60).collect::<String>())).collect::<Vec<_>>()),
                m => format!("{m:?}").chars().take(150).collect(),
            };
            println!("{:>9} {}->{} {}", at - start, from, to, text);
        }
    }));
    let r = funded(&mut sim, 0, 100);
    println!("{:?}", r.err());
    for (n, l) in sim.ledgers() { if hesse.contains(&n) { println!("{n} h{} c{}", l.height, l.certified); } }
    println!("{:?}", sim.misbehaviours());
    panic!();
}
