//! A refusal as receipts, events and problem documents tell it: where an account moved, by the municipality's name.
use globelet_types::world::WorldSpec;
use globelet_types::Refusal;
use serde_json::{json, Value};

/// The name of the municipality where the account lives now, or soon, if that is the reason.
pub fn moved_to<'a>(world: &'a WorldSpec, refusal: &Refusal) -> Option<&'a str> {
    world.chains.get(refusal.moved_to()?.index()).map(|chain| chain.name.as_str())
}

/// The sentence with the mend.
pub fn detail(world: &WorldSpec, refusal: &Refusal) -> String {
    let Some(name) = moved_to(world, refusal) else { return refusal.to_string() };
    match refusal {
        Refusal::RecipientMoved { .. } => {
            format!("the receiving account moved to {name}; sign the transfer with that destination")
        }
        Refusal::Moving { .. } => {
            format!("the account is moving to {name}; wait until it is there, and send the order there")
        }
        _ => format!("the account moved to {name}; sign the order for {name} and send it there"),
    }
}

/// Code and sentence; `moved_to` where the account lives elsewhere.
pub fn refusal(world: &WorldSpec, refusal: &Refusal) -> Value {
    let mut told = json!({"code": refusal.code(), "detail": detail(world, refusal)});
    if let Some(name) = moved_to(world, refusal) {
        told["moved_to"] = name.into();
    }
    told
}
