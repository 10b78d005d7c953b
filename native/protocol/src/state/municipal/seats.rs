//! Who has a voice in the rounds of one committee.
use crate::epoch::Term;
use globelet_abba::Subset;

/// The members of one committee by place, and which of them is this replica.
#[derive(Clone)]
pub(crate) struct Seats {
    places: Vec<u16>,
    me: Option<u16>,
}

impl Seats {
    /// Of a term, as the replica at place `me` sees it.
    pub fn of(term: &Term, me: u16) -> Seats {
        Seats { places: term.seats.clone(), me: term.seat(me) }
    }

    /// The seat of the replica at this place.
    pub fn seat(&self, place: u16) -> Option<u16> {
        self.places.binary_search(&place).ok().map(|seat| seat as u16)
    }

    /// This replica's seat; none while it stands by.
    pub fn own(&self) -> Option<u16> {
        self.me
    }

    /// Places of all members but this replica.
    pub fn others(&self) -> impl Iterator<Item = u16> + '_ {
        (0..).zip(&self.places).filter(|(seat, _)| Some(*seat) != self.me).map(|(_, place)| *place)
    }

    /// Faulty members it bears.
    pub fn faults(&self) -> u16 {
        (self.places.len() as u16).saturating_sub(1) / 3
    }

    /// A fresh agreement among the members, in which that of a replica that stands by is never spoken to. Every member
    /// gives its whole input at once, so none waits until enough are in. `None` if there are no such members.
    pub fn subset(&self, candidates: u16) -> Option<Subset> {
        let (n, f, me) = (self.places.len() as u16, self.faults(), self.me.unwrap_or_default());
        Subset::over(n, f, me, candidates, candidates).ok()
    }
}
