//! HyParView membership and Plumtree broadcast.
//!
//! A [`Member`] belongs to an overlay of peers, of which each knows only a few. It does no input or output of its
//! own: the caller hands it what happened ([`Input`]) and carries out what follows ([`Output`]). Same seed and same
//! inputs, same outputs.
//!
//! - **Membership**: Leitão, Pereira, Rodrigues, "HyParView: a membership protocol for reliable gossip-based
//!   broadcast" (DSN 2007), section 4. A small symmetric *active* view carries messages; a larger *passive* view is
//!   the reserve that replaces who fails. Joins and shuffles are random walks over active views. Links are assumed to
//!   keep order and to tell when they break ([`Input::Down`]); each neighbour is sent something every period, so that
//!   a break is noticed.
//! - **Nearness**: with the round trips it is told ([`Input::RoundTrip`]) a member trades its far neighbours for near
//!   ones, except the `unbiased` farthest, which keep the overlay one piece: the rule of X-BOT (Leitão, Marques,
//!   Pereira, Rodrigues, "X-BOT: A Protocol for Resilient Optimization of Unstructured Overlays", SRDS 2009). Its
//!   swap of four is reduced to one of two: whoever loses a neighbour finds another by itself.
//! - **Broadcast**: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007), sections 3.3 to 3.6. Payloads
//!   travel the eager links, which end up as a tree; the other links only announce ids, and a payload that was
//!   announced but does not come is asked for, which mends the tree. A message's id is the hash of its payload, so
//!   nobody can announce one message and send another. A new neighbour hears of the newest messages, so whoever lost
//!   all its neighbours for a while misses nothing. Section 3.8 (optimising the tree by hops) is left out: the
//!   overlay below follows the measured round trips already.
//! - **Signatures**: a [`Signed`] payload names its author. A [`Member::guarded`] member verifies before it delivers
//!   or passes on, and drops the neighbour that sent anything else.
//! - **Bounds**: [`decode`] reads at most [`MOST_BYTES`], and nothing whose encoding is not canonical.
//!
//! # Figures
//! [`network::Network`] runs whole overlays in virtual time. Beside the papers', with their parameters (active view 5,
//! passive view 30, walks of 6 and 3 steps) and in their way, one member after the other joining by the same contact.
//! The papers' overlays have 10,000 members; Plumtree's figures are plots, so they are given as what they approach.
//! The papers themselves were not at hand. What others quote of them was: the parameters (iroh-gossip's source, with the
//! page; HashiCorp's hyparview), nearly all reached when 80 % of 10,000 fail at once, a redundancy far below flooding's
//! fan-out - 1 and a last hop near flooding's. The figures of HyParView's table 1 are from memory: look there before citing.
//!
//! | figure | the paper's | here, 10,000 members | here, 1,000 members |
//! |---|---|---|---|
//! | clustering coefficient (HyParView, table 1) | 0.00092 | 0.00027 | 0.0033 |
//! | mean shortest path (HyParView, table 1) | 6.385 | 6.371 | 4.714 |
//! | hops to the last delivery, flooded (HyParView, table 1) | 9.0 | 9 | 7 |
//! | redundancy, flooded (fan-out 4 sends 4 - 1 too many) | about 3 | 2.99 | 3.00 |
//! | redundancy, tree grown by one sender (Plumtree, section 4) | near 0 | 0.00 | 0.00 |
//! | last delivery hop, tree grown by one sender (Plumtree, section 4: near the flood's) | about 9 | 9 | 7 |
//! | reached when 30 % fail at once, from the first broadcast on (HyParView, section 5.2) | 100 % | | 100 % |
//!
//! The tests assert bounds around these. When a thousand join at 100 a second, a dozen being on their way at once,
//! clustering is 0.029 and the mean path 5.06. Where members live in six cities
//! ([`network::Distances::Cities`]) and trade far neighbours for near ones, the links' mean round trip falls from 62 ms to
//! 34 ms, at redundancy 0.02 and a last delivery hop of 24: the tree follows short round trips instead of few hops.
//!
//! # What it does not promise
//! Broadcasts have no order. Delivery is certain only while the overlay is one piece and payloads are kept long enough
//! for who was cut off (`payloads`, `recent`); a member that joins may be handed the newest messages from before it. A
//! message is delivered once while its id is remembered (`ids`). Identities are the transport's: whoever runs a peer's
//! connection is that peer. Members that lie about whom they know can fill passive views with peers that do not exist.
//!
//! # Cost
//! Handling a packet is O(log n) in the sizes of the views and of what is remembered, plus its bytes.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod member;
pub mod network;
mod packet;
mod random;
mod settings;
mod signed;
mod timer;
mod tree;
mod views;

#[cfg(feature = "python")]
pub mod python;

pub use error::GossipError;
pub use member::{Input, Member, Output};
pub use packet::{
    decode, encode, MessageId, Packet, PacketRefused, Wish, MOST_BYTES, MOST_IDS, MOST_PAYLOAD, MOST_PEERS,
};
pub use settings::Settings;
pub use signed::{Authors, Signed, SIGNED_OVERHEAD};
pub use timer::Timer;

/// A peer: its place in a table that all members share, such as the processes of a world.
pub type Peer = u16;
