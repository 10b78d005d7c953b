//! Orders that account holders sign: a transfer, the opening of an account, its move, or its vote.
use crate::{AccountId, ChainId, Micros, NodeId, OrderId, Signature};
use borsh::{BorshDeserialize, BorshSerialize};

/// Moves `amount` from an account of the source municipality to an account of the destination.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// First eight bytes of the genesis hash, little-endian: a signature counts in one world only.
    pub world: u64,
    /// Municipality that holds the paying account.
    pub source: ChainId,
    /// Municipality that holds the receiving account.
    pub destination: ChainId,
    /// Paying account.
    pub from: AccountId,
    /// Receiving account.
    pub to: AccountId,
    /// Amount in the world's smallest unit; at least 1.
    pub amount: u64,
    /// Unique per paying account: within 128 below the highest one used, or above it.
    pub nonce: u64,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// Opens an account in its municipality with balance zero.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// First eight bytes of the genesis hash, little-endian.
    pub world: u64,
    /// Municipality that will hold the account.
    pub municipality: ChainId,
    /// The account.
    pub account: AccountId,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// Moves an account, with its balance and its nonces, to another municipality.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Move {
    /// First eight bytes of the genesis hash, little-endian.
    pub world: u64,
    /// Municipality that holds the account.
    pub source: ChainId,
    /// Municipality that will hold it.
    pub destination: ChainId,
    /// The account.
    pub account: AccountId,
    /// As a transfer's: both count from one set.
    pub nonce: u64,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// Whom a vote puts an account's balance behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Choice {
    /// Nobody.
    Nobody,
    /// This replica of the municipality, with a seat or standing by.
    Candidate(NodeId),
    /// Whoever this account of the municipality is behind.
    Delegate(AccountId),
}

/// Says who shall sit in the committee of an account's municipality. It stands until the account votes again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// First eight bytes of the genesis hash, little-endian.
    pub world: u64,
    /// Municipality that holds the account, and whose committee is elected.
    pub municipality: ChainId,
    /// The account.
    pub account: AccountId,
    /// Whom it is behind.
    pub choice: Choice,
    /// As a transfer's, and above that of the account's vote before.
    pub nonce: u64,
    /// Not admitted after this time.
    pub expires_us: Micros,
}

/// What an account holder can sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Order {
    /// A transfer.
    Transfer(Transfer),
    /// The opening of an account.
    Opening(Opening),
    /// The move of an account.
    Move(Move),
    /// The vote of an account.
    Vote(Vote),
}

/// What an order takes from its account while it waits to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Whose.
    pub account: AccountId,
    /// How much of its balance.
    pub amount: u64,
    /// Which nonce.
    pub nonce: u64,
}

/// An order and its Ed25519 signature over [`Order::signing_bytes`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedOrder {
    /// The order.
    pub order: Order,
    /// Signature by [`Order::signer`].
    pub signature: Signature,
}

impl Order {
    /// The bytes an account signs: the domain `globelet order 1`, then the Borsh encoding.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = b"globelet order 1".to_vec();
        self.serialize(&mut bytes).expect("writing to memory cannot fail");
        bytes
    }

    /// BLAKE3 of the signing bytes.
    pub fn id(&self) -> OrderId {
        OrderId(*blake3::hash(&self.signing_bytes()).as_bytes())
    }

    /// The account that must have signed.
    pub fn signer(&self) -> AccountId {
        match self {
            Order::Transfer(t) => t.from,
            Order::Opening(o) => o.account,
            Order::Move(m) => m.account,
            Order::Vote(v) => v.account,
        }
    }

    /// The world tag the order was signed for.
    pub fn world(&self) -> u64 {
        match self {
            Order::Transfer(t) => t.world,
            Order::Opening(o) => o.world,
            Order::Move(m) => m.world,
            Order::Vote(v) => v.world,
        }
    }

    /// The municipality that applies the order first.
    pub fn municipality(&self) -> ChainId {
        match self {
            Order::Transfer(t) => t.source,
            Order::Opening(o) => o.municipality,
            Order::Move(m) => m.source,
            Order::Vote(v) => v.municipality,
        }
    }

    /// After this time the order is not admitted.
    pub fn expires_us(&self) -> Micros {
        match self {
            Order::Transfer(t) => t.expires_us,
            Order::Opening(o) => o.expires_us,
            Order::Move(m) => m.expires_us,
            Order::Vote(v) => v.expires_us,
        }
    }

    /// Where the order's amount, or its account, leaves for once it is applied; `None` for what stays.
    pub fn leaves_for(&self) -> Option<ChainId> {
        let (source, destination) = match self {
            Order::Transfer(t) => (t.source, t.destination),
            Order::Opening(_) | Order::Vote(_) => return None,
            Order::Move(m) => (m.source, m.destination),
        };
        (source != destination).then_some(destination)
    }

    /// What it takes from its account; `None` for an opening, which has none yet.
    pub fn spends(&self) -> Option<Spending> {
        match self {
            Order::Transfer(t) => Some(Spending { account: t.from, amount: t.amount, nonce: t.nonce }),
            Order::Opening(_) => None,
            Order::Move(m) => Some(Spending { account: m.account, amount: 0, nonce: m.nonce }),
            Order::Vote(v) => Some(Spending { account: v.account, amount: 0, nonce: v.nonce }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode, encode};

    fn order() -> Order {
        let (source, destination) = (ChainId(1), ChainId(2));
        let account = AccountId([0xaa; 32]);
        Order::Move(Move { world: 0x0102, source, destination, account, nonce: 258, expires_us: 7 })
    }

    /// A change of these bytes is a change of format: clients sign them.
    #[test]
    fn golden_bytes_of_a_move() {
        let fields = format!("02020100000000000001000200{}02010000000000000700000000000000", "aa".repeat(32));
        assert_eq!(hex::encode(encode(&order())), fields);
        let signed = format!("{}{fields}", hex::encode("globelet order 1"));
        assert_eq!(hex::encode(order().signing_bytes()), signed);
        assert_eq!(order().id().to_string()[..16], *"aba9bda969df88c6");
    }

    #[test]
    fn a_move_is_read_back_and_no_other_bytes_are() {
        let signed = SignedOrder { order: order(), signature: [3; 64] };
        let bytes = encode(&signed);
        assert_eq!(decode::<SignedOrder>(&bytes), Ok(signed));
        assert!((0..bytes.len()).all(|end| decode::<SignedOrder>(&bytes[..end]).is_err()));
        assert!(decode::<SignedOrder>(&[&bytes[..], &[0]].concat()).is_err());
        assert!(decode::<SignedOrder>(&[&[4], &bytes[1..]].concat()).is_err());
    }

    #[test]
    fn golden_bytes_of_a_vote() {
        let vote = |choice| {
            let (municipality, account) = (ChainId(1), AccountId([0xaa; 32]));
            Order::Vote(Vote { world: 0x0102, municipality, account, choice, nonce: 258, expires_us: 7 })
        };
        let head = format!("0302010000000000000100{}", "aa".repeat(32));
        let tail = "02010000000000000700000000000000";
        let delegate = format!("02{}", "bb".repeat(32));
        let choices = [Choice::Nobody, Choice::Candidate(NodeId(5)), Choice::Delegate(AccountId([0xbb; 32]))];
        for (choice, bytes) in choices.into_iter().zip(["00", "010500", delegate.as_str()]) {
            assert_eq!(hex::encode(encode(&vote(choice))), format!("{head}{bytes}{tail}"));
            assert_eq!(decode::<Order>(&encode(&vote(choice))), Ok(vote(choice)));
        }
        assert!(decode::<Order>(&hex::decode(format!("{head}03{tail}")).unwrap()).is_err());
        let spends = Spending { account: AccountId([0xaa; 32]), amount: 0, nonce: 258 };
        assert_eq!((vote(Choice::Nobody).spends(), vote(Choice::Nobody).leaves_for()), (Some(spends), None));
    }

    #[test]
    fn a_move_takes_a_nonce_and_nothing_else() {
        let spends = Spending { account: AccountId([0xaa; 32]), amount: 0, nonce: 258 };
        assert_eq!((order().spends(), order().leaves_for()), (Some(spends), Some(ChainId(2))));
        assert_eq!((order().signer(), order().municipality()), (AccountId([0xaa; 32]), ChainId(1)));
    }
}
