//! What the API through which a subscription was made knows of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Dialect;

/// The API through which a subscription was made, and what that API knows of it beside what every subscription has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Hook {
    /// rendezhook's own.
    Standard,
    /// The Vyte API.
    Vyte(VyteHook),
    /// The API of SimplyMeet.me.
    SimplyMeet(SimplyMeetHook),
    /// The API of doo.
    Doo(DooHook),
}

impl Hook {
    /// The wire form that goes with the API.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Standard => Dialect::Standard,
            Self::Vyte(_) => Dialect::Vyte,
            Self::SimplyMeet(_) => Dialect::SimplyMeet,
            Self::Doo(_) => Dialect::Doo,
        }
    }

    /// What the Vyte API knows of it.
    #[must_use]
    pub const fn vyte(&self) -> Option<&VyteHook> {
        match self {
            Self::Vyte(hook) => Some(hook),
            Self::Standard | Self::SimplyMeet(_) | Self::Doo(_) => None,
        }
    }

    /// What the SimplyMeet.me API knows of it.
    #[must_use]
    pub const fn simplymeet(&self) -> Option<&SimplyMeetHook> {
        match self {
            Self::SimplyMeet(hook) => Some(hook),
            Self::Standard | Self::Vyte(_) | Self::Doo(_) => None,
        }
    }

    /// What the doo API knows of it.
    #[must_use]
    pub const fn doo(&self) -> Option<&DooHook> {
        match self {
            Self::Doo(hook) => Some(hook),
            Self::Standard | Self::Vyte(_) | Self::SimplyMeet(_) => None,
        }
    }
}

/// How a Vyte hook's deliveries are wrapped. The document's prose says array, its example shows one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VyteBody {
    /// An array of one item, as the prose says.
    #[default]
    Array,
    /// The bare object, as the example shows.
    Object,
}

/// What a hook of the Vyte API has beside what every subscription has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VyteHook {
    /// `_id` on the wire: 24 lower-case hexadecimal digits.
    pub hook_id: Arc<str>,
    /// Form of its deliveries; the organization's when `None`.
    pub body: Option<VyteBody>,
}

/// What a hook of the SimplyMeet.me API has beside what every subscription has. Its secret is kept with the other secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SimplyMeetHook {
    /// `uuid` on the wire, of version 4.
    pub uuid: Uuid,
}

/// What a hook of the doo API has beside what every subscription has: the group it was made in. The type of its actions
/// follows from its filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DooHook {
    /// The id of the group: what is listed and deleted there.
    pub group: Uuid,
    /// What the group is called, 1 to 255 characters.
    pub name: Arc<str>,
    /// The hook's place in the group, from 0.
    pub position: u16,
}
