//! The messages of a ceremony and their encoding.

use super::{Complaint, Dealing};
use crate::scheme::Scheme;
use crate::ThresholdError;

/// What members broadcast.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<S: Scheme> {
    /// A dealer's.
    Dealing(Dealing<S>),
    /// A receiver's.
    Complaint(Complaint),
}

impl<S: Scheme> Message<S> {
    /// The message's bytes: 0 and a dealing, or 1 and a complaint.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (tag, body) = match self {
            Message::Dealing(dealing) => (0, dealing.to_bytes()),
            Message::Complaint(complaint) => (1, complaint.to_bytes()),
        };
        [vec![tag], body].concat()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`ThresholdError::Encoding`] unless these are exactly the bytes that the message would write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ThresholdError> {
        match bytes.split_first() {
            Some((0, body)) => Dealing::from_bytes(body).map(Message::Dealing),
            Some((1, body)) => Complaint::from_bytes(body).map(Message::Complaint),
            _ => Err(ThresholdError::Encoding { what: "a message of a ceremony" }),
        }
    }
}
