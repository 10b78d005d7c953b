//! HyParView membership and Plumtree broadcast.
//!
//! A [`Member`] belongs to an overlay of peers, of which each knows only a few. It does no input or output of its
//! own: the caller hands it what happened ([`Input`]) and carries out what follows ([`Output`]). Same seed and same
//! inputs, same outputs.
//!
//! - **Membership**: Leitão, Pereira, Rodrigues, "HyParView: a membership protocol for reliable gossip-based
//!   broadcast" (DSN 2007), section 4. A small symmetric *active* view carries messages; a larger *passive* view is
//!   the reserve that replaces who fails. Joins and shuffles are random walks over active views. Links are assumed to
//!   keep order and to tell when they break ([`Input::Down`]).
//! - **Nearness**: with the round trips it is told ([`Input::RoundTrip`]) a member trades its far neighbours for near
//!   ones, except the `unbiased` farthest, which keep the overlay one piece: the rule of X-BOT (Leitão, Marques,
//!   Pereira, Rodrigues, "X-BOT: A Protocol for Resilient Optimization of Unstructured Overlays", SRDS 2009). Its
//!   swap of four is reduced to one of two: whoever loses a neighbour finds another by itself.
//! - **Broadcast**: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007), sections 3.3 to 3.6. Payloads
//!   travel the eager links, which end up as a tree; the other links only announce ids, and a payload that was
//!   announced but does not come is asked for, which mends the tree. A message's id is the hash of its payload, so
//!   nobody can announce one message and send another. Section 3.8 (optimising the tree by hops) is left out: the
//!   overlay below follows the measured round trips already.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod member;
mod packet;
mod random;
mod settings;
mod tree;
mod views;

pub use member::{Input, Member, Output, Timer};
pub use packet::{
    decode, encode, MessageId, Packet, PacketRefused, Wish, MOST_BYTES, MOST_IDS, MOST_PAYLOAD, MOST_PEERS,
};
pub use settings::Settings;

/// A peer: its place in a table that all members share, such as the processes of a world.
pub type Peer = u16;
