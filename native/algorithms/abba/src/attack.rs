//! The known attack on the 2014 version, as a scheduler: it fails here, and holds off every decision for as long as it
//! likes against the same code without the confirmation step.
//!
//! Among four, the scheduler and one liar keep two honest members X and Y at the value of the coin and the third, Z, at
//! the opposite, round after round: X and Y are made to see both values, which makes them ask for the coin; the scheduler
//! learns the coin from the share of X and the liar's own; only then does it choose which one value Z sees. (E. MacBrough
//! 2018, in the discussion of HoneyBadgerBFT, and "Cobalt", section on binary agreement; Tholoniat and Gramoli 2019.)

use std::collections::BTreeMap;

use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};

use crate::instance::FIRST_DRAWN;
use crate::{Abba, AbbaMessage, Output};

/// The liar; 0, 1 and 2 are honest.
const LIAR: usize = 3;

struct Attack {
    key: PublicKey,
    keys: Vec<KeyShare>,
    members: Vec<Abba>,
    /// What each honest member has said.
    said: Vec<Vec<AbbaMessage>>,
    decided: bool,
}

fn coin_of(key: &PublicKey, round: u32, shares: &[CoinShare]) -> Option<bool> {
    combine_coin(key, &round.to_le_bytes(), shares).ok().map(|coin| coin[0] & 1 == 1)
}

impl Attack {
    /// Inputs are true, true, false.
    fn new(seed: u8, unconfirmed: bool) -> Self {
        let (key, keys) = deal(4, 2, &[seed; 32]).unwrap();
        let member = |me| Abba { unconfirmed, ..Abba::new(4, 1, me) };
        let mut attack =
            Self { key, keys, members: (0..3).map(member).collect(), said: vec![Vec::new(); 3], decided: false };
        for me in 0..3 {
            let output = attack.members[me].propose(me < 2);
            attack.absorb(me, output);
            let output = attack.members[me].hurry(&mut |_, _| None);
            attack.absorb(me, output);
        }
        attack
    }

    fn absorb(&mut self, me: usize, output: Output) {
        self.said[me].extend(output.broadcast);
        self.decided |= output.decision.is_some();
        if let Some(round) = output.need_coin {
            let (share, key) = (self.keys[me].coin_share(&round.to_le_bytes()), self.key.clone());
            let mut verify = |round, shares: &[CoinShare]| coin_of(&key, round, shares);
            let output = self.members[me].coin_share(round, share, &mut verify);
            self.absorb(me, output);
        }
    }

    /// Delivers a message. What comes from an honest member must have been said by it.
    fn give(&mut self, to: usize, from: usize, message: AbbaMessage) {
        assert!(from == LIAR || self.said[from].contains(&message), "{from} never said {message:?}");
        let key = self.key.clone();
        let mut verify = |round, shares: &[CoinShare]| coin_of(&key, round, shares);
        let output = self.members[to].handle(from as u16, message, &mut verify);
        self.absorb(to, output);
    }

    /// A member's BVAL of a value: as its input if that is how it said it.
    fn give_bval(&mut self, to: usize, from: usize, round: u32, value: bool) {
        let input = AbbaMessage::Bval { round, value, input: true };
        let relay = AbbaMessage::Bval { round, value, input: false };
        let as_input = from != LIAR && self.said[from].contains(&input);
        self.give(to, from, if as_input { input } else { relay });
    }

    fn give_aux(&mut self, to: usize, from: usize, round: u32, value: bool) {
        self.give(to, from, AbbaMessage::Aux { round, value });
    }

    /// The liar's share of a coin, which the scheduler has from the start.
    fn own_share(&self, round: u32) -> CoinShare {
        self.keys[LIAR].coin_share(&round.to_le_bytes())
    }

    /// What a member entered a round with: the first value it supported there.
    fn estimate(&self, me: usize, round: u32) -> Option<bool> {
        self.said[me].iter().find_map(|message| match message {
            AbbaMessage::Bval { round: said, value, .. } if *said == round => Some(*value),
            _ => None,
        })
    }

    /// X and Y, who entered the round with the same value, and Z, who entered it with the other.
    fn roles(&self, round: u32) -> Option<(usize, usize, usize)> {
        let of = |me| self.estimate(me, round).unwrap();
        let odd = (0..3).find(|&z| (0..3).all(|me| me == z || of(me) != of(z)))?;
        let mut others = (0..3).filter(|&me| me != odd);
        Some((others.next()?, others.next()?, odd))
    }

    /// X and Y end their AUX phase with both values, Z still has nothing.
    fn blind(&mut self, round: u32, (x, y, z): (usize, usize, usize)) {
        let a = self.estimate(x, round).unwrap();
        self.give_bval(x, y, round, a);
        self.give_bval(x, LIAR, round, a);
        self.give_bval(y, z, round, !a);
        self.give_bval(y, LIAR, round, !a);
        self.give_bval(x, z, round, !a);
        self.give_bval(x, y, round, !a);
        self.give_bval(y, x, round, a);
        self.give_bval(y, LIAR, round, a);
        self.give_aux(x, y, round, !a);
        self.give_aux(x, LIAR, round, a);
        self.give_aux(y, x, round, a);
        self.give_aux(y, LIAR, round, !a);
    }

    /// Gets X and Y past the coin, and learns it.
    fn reveal(&mut self, round: u32, (x, y, _): (usize, usize, usize)) -> bool {
        if round < FIRST_DRAWN {
            return round == 0;
        }
        if !self.members[x].unconfirmed {
            let both = AbbaMessage::Conf { round, values: 3 };
            for (to, from) in [(x, y), (x, LIAR), (y, x), (y, LIAR)] {
                self.give(to, from, both.clone());
            }
        }
        let share = |message: &AbbaMessage| match message {
            AbbaMessage::Coin { round: of, share } if *of == round => Some(share.clone()),
            _ => None,
        };
        let first = self.said[x].iter().find_map(share).expect("X has released its share of the coin");
        let own = self.own_share(round);
        for to in [x, y] {
            self.give(to, LIAR, AbbaMessage::Coin { round, share: own.clone() });
        }
        coin_of(&self.key, round, &[first, own]).unwrap()
    }

    /// Shows Z only the value that the coin is not.
    fn mislead(&mut self, round: u32, (x, y, z): (usize, usize, usize), coin: bool) {
        let (a, lie) = (self.estimate(x, round).unwrap(), !coin);
        let friend = if lie == a { x } else { y };
        self.give_bval(z, friend, round, lie);
        self.give_bval(z, LIAR, round, lie);
        if lie == a {
            self.give_bval(z, y, round, lie);
        }
        self.give_aux(z, friend, round, lie);
        self.give_aux(z, LIAR, round, lie);
        if round < FIRST_DRAWN {
            return;
        }
        if !self.members[z].unconfirmed {
            self.give(z, LIAR, AbbaMessage::Conf { round, values: 1 << u8::from(lie) });
            self.give(z, friend, AbbaMessage::Conf { round, values: 3 });
        }
        let own = self.own_share(round);
        self.give(z, LIAR, AbbaMessage::Coin { round, share: own });
    }

    /// One round of the attack; true if the members are split in the next round too.
    fn strike(&mut self, round: u32) -> bool {
        let Some(roles) = self.roles(round) else { return false };
        self.blind(round, roles);
        let coin = self.reveal(round, roles);
        self.mislead(round, roles, coin);
        self.members.iter().all(|member| member.round() == round + 1) && self.roles(round + 1).is_some()
    }

    /// An asynchronous network must deliver in the end: everything said, until nobody says more.
    fn let_go(&mut self) {
        let mut given: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        loop {
            let before = given.clone();
            for (to, from) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
                let done = given.entry((to, from)).or_default();
                let news = self.said[from][*done..].to_vec();
                *done = self.said[from].len();
                news.into_iter().for_each(|message| self.give(to, from, message));
            }
            if before == given {
                return;
            }
        }
    }
}

#[test]
fn without_the_confirmation_step_nobody_decides_as_long_as_the_scheduler_likes() {
    for seed in 1..=3 {
        let mut attack = Attack::new(seed, true);
        for round in 0..50 {
            assert!(attack.strike(round), "the attack fails in round {round}");
            assert!(!attack.decided);
        }
    }
}

#[test]
fn with_it_the_same_scheduler_fails_in_the_first_round_with_a_drawn_coin() {
    for seed in 1..=20 {
        let mut attack = Attack::new(seed, false);
        assert!((0..FIRST_DRAWN).all(|round| attack.strike(round)), "coins known before buy it those rounds only");
        assert!(!attack.strike(FIRST_DRAWN), "Z cannot be kept from what X and Y confirmed");
        attack.let_go();
        let decided: Vec<_> = attack.members.iter().map(Abba::decided).collect();
        assert!(decided[0].is_some() && decided.iter().all(|value| *value == decided[0]), "{decided:?}");
        let last = attack.members.iter().map(Abba::round).max();
        assert!(last.is_some_and(|round| round < FIRST_DRAWN + 12), "{last:?}");
    }
}
