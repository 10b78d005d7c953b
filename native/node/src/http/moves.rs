//! What an account's old municipality says of it once it has moved to another.
use super::problem::Problem;
use crate::directory::Directory;
use globelet_protocol::{refusal_json, Home};
use globelet_types::Refusal;

/// The account is not here any more: where it went, by the map of this municipality's chain.
pub fn went(home: Home, directory: &Directory) -> Problem {
    refused(Refusal::Moved { to: home.municipality.0 }, directory)
}

/// A refusal, with the name of the municipality where the account lives now, if that is the reason.
pub fn refused(refusal: Refusal, directory: &Directory) -> Problem {
    let world = directory.world();
    let moved_to = refusal_json::moved_to(world, &refusal).map(str::to_owned);
    let detail = refusal_json::detail(world, &refusal);
    Problem { moved_to, detail, ..Problem::from(refusal) }
}
