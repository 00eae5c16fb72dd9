//! Who wants which actions where.

mod authentication;
mod content;
mod hook;
mod method;
mod rate;
mod verification;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::SubscriptionId;
use crate::matching::Filter;
use crate::retry::RetryPolicy;
use crate::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use crate::target::TargetUrl;
use crate::time::Timestamp;

pub use self::authentication::{
    AuthenticationError, ClientCredentials, TOKEN_PLACEHOLDER, TargetAuthentication,
};
pub use self::content::{Content, Origin};
pub use self::hook::{DooHook, Hook, SimplyMeetHook, VyteBody, VyteHook};
pub use self::method::{RequestMethod, UnknownMethod};
pub use self::rate::{DeliveryRate, RateLimit, RateLimitError};
pub use self::verification::{UnknownVerificationMethod, Verification, VerificationMethod};

/// The wire form a subscription was made in, and in which its deliveries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// rendezhook's own, after Standard Webhooks.
    Standard,
    /// The Vyte API, v1 and v2.
    Vyte,
    /// The API of SimplyMeet.me.
    SimplyMeet,
    /// The API of doo.
    Doo,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Vyte, Self::SimplyMeet, Self::Doo];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Vyte => "vyte",
            Self::SimplyMeet => "simplymeet",
            Self::Doo => "doo",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Standard => 1,
            Self::Vyte => 2,
            Self::SimplyMeet => 3,
            Self::Doo => 4,
        }
    }

    /// The dialect with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.code() == code)
    }
}

/// Whether deliveries of a subscription are attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionState {
    /// Deliveries are attempted.
    Enabled,
    /// The owner stopped it for a while. Deliveries are kept and wait.
    Paused,
    /// rendezhook stopped it: its receiver asked for that, or it failed for days. Deliveries are kept and wait.
    Disabled,
}

impl SubscriptionState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Enabled, Self::Paused, Self::Disabled];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Enabled => 1,
            Self::Paused => 2,
            Self::Disabled => 3,
        }
    }

    /// The state with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a subscription is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisableReason {
    /// Two different deliveries were answered 410 within ten minutes.
    Gone,
    /// A successful answer carried `webhook-delivery: disable`.
    ReceiverRequest,
    /// Nothing was delivered for days, however often it was tried.
    Failing,
}

impl DisableReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Gone, Self::ReceiverRequest, Self::Failing];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::ReceiverRequest => "receiver_request",
            Self::Failing => "failing",
        }
    }
}

impl FromStr for DisableReason {
    type Err = UnknownDisableReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.name() == text)
            .ok_or_else(|| UnknownDisableReason(text.to_owned()))
    }
}

/// The text names no reason for disabling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a reason for which a subscription is disabled")]
pub struct UnknownDisableReason(String);

/// Who wants which actions where.
///
/// Secrets are kept beside it, not in it, so that it can be shown as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its number in the store.
    pub number: SubscriptionNumber,
    /// Its public id.
    pub id: SubscriptionId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// The application it delivers to. Fixed when the subscription is made.
    pub receiver: ReceiverNumber,
    /// Through which API it was made, and what that API knows of it.
    pub hook: Hook,
    /// What its owner calls it; may be empty.
    pub description: Arc<str>,
    /// Where deliveries go.
    pub target: TargetUrl,
    /// The method of their requests.
    pub method: RequestMethod,
    /// What their bodies hold.
    pub content: Content,
    /// How the target knows that they may come. Its secret is kept with the other secrets.
    pub authentication: Option<TargetAuthentication>,
    /// Whether the target has shown that it wants deliveries.
    pub verification: Verification,
    /// Which actions it wants.
    pub filter: Filter,
    /// Whether deliveries are attempted.
    pub state: SubscriptionState,
    /// Why it is disabled, when it is.
    pub disabled_because: Option<DisableReason>,
    /// Its own retry schedule; the server's when `None`.
    pub retry: Option<RetryPolicy>,
    /// The most deliveries a second to its endpoint; no limit when `None`.
    pub rate_limit: Option<RateLimit>,
    /// Whether waiting updates of a resource fold into the newest.
    pub folds_updates: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts changes; a change names the revision it was made from.
    pub revision: u32,
}

impl Subscription {
    /// The wire form of its deliveries.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.hook.dialect()
    }

    /// Whether deliveries other than tests are attempted, as far as the subscription itself is concerned.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == SubscriptionState::Enabled && self.verification.permits_deliveries()
    }

    /// Whether a new target would be shown a secret that was meant for another host or port. Whoever may change the target need
    /// not know the secret.
    #[must_use]
    pub fn moves_secret(&self, target: &TargetUrl) -> bool {
        self.authentication.is_some() && self.target.authority() != target.authority()
    }
}
