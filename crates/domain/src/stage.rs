//! The requests an attempt consists of.

use serde::{Deserialize, Serialize};

/// Which of an attempt's requests is spoken of. Only the last one goes to the receiver; what fails before says nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Asking the receiver's authorization server for a token.
    Token,
    /// Asking for the body.
    Origin,
    /// The delivery itself.
    #[default]
    Target,
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Token, Self::Origin, Self::Target];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Origin => "origin",
            Self::Target => "target",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Target => 0,
            Self::Token => 1,
            Self::Origin => 2,
        }
    }

    /// The stage with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }
}
