//! The tenant.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::OrganizationId;
use crate::sequence::OrganizationNumber;
use crate::subscription::VyteBody;
use crate::time::Timestamp;

/// An organization: it owns keys, subscriptions, resources and deliveries, and sees nothing of any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its number in the store.
    pub number: OrganizationNumber,
    /// Its public id.
    pub id: OrganizationId,
    /// What people call it, 1 to 255 characters.
    pub name: Arc<str>,
    /// Its id on the Vyte surface: 24 lower-case hexadecimal digits.
    pub vyte_id: Arc<str>,
    /// How deliveries of its Vyte hooks are wrapped, unless a hook says otherwise.
    pub vyte_body: VyteBody,
    /// Whether lists of doo hooks hide `client_secret`, which the document shows in clear.
    pub masks_doo_secrets: bool,
    /// Whether people may join through its join link.
    pub join_link: bool,
    /// What is done with resources that do not fit their schema.
    pub schema_check: SchemaCheck,
    /// How long after the later of acceptance and the event's end an action expires that was given no end of its own
    /// ([`expiry`](crate::expiry)), in hours from 1 to 8,784; `None`: not at all.
    pub default_expiry_hours: Option<u16>,
    /// How many deliveries may wait.
    pub backlog: BacklogLimits,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many deliveries of an organization may wait, where that is not left to the server's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BacklogLimits {
    /// Beyond so many for receivers that can be delivered to, publishing is refused.
    pub quota: Option<u64>,
    /// Beyond so many for one receiver its oldest expire.
    pub receiver: Option<u64>,
}

impl BacklogLimits {
    /// The highest number that may be set.
    pub const MAXIMUM: u64 = 1_000_000_000;
}

/// What is done with a published resource that does not fit the schema of its kind
/// ([`ResourceKind::schema`](crate::resource::ResourceKind::schema)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemaCheck {
    /// Nothing is looked at.
    Off,
    /// It is accepted, counted, and the answer says what does not fit.
    #[default]
    Warn,
    /// The request is refused and changes nothing.
    Reject,
}

impl SchemaCheck {
    /// All of them, the most lenient first.
    pub const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Reject];

    /// The name on the wire and in stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Reject => "reject",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}
