//! What happens to resources: the catalogue of actions and the names of actions outside it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::resource::ResourceKind;

/// The actions rendezhook derives and documents. Publishers may use names of their own beside them ([`ActionName`]).
pub const CATALOGUE: &[&str] = &[
    EVENT_CREATED,
    EVENT_CONFIRMED,
    EVENT_UPDATED,
    EVENT_EDITED,
    EVENT_VOTED,
    EVENT_NEW_INVITEE,
    EVENT_CANCELLED,
    EVENT_REMOVED,
    USER_JOINED,
    VYTEME_UPDATED,
    ORDER_CREATED,
    ORDER_UPDATED,
    ORDER_CANCELLED,
    ORDER_REMOVED,
];

/// The notices: what the server itself says of an organization's subscriptions and deliveries, as actions that subscriptions
/// can ask for by name or as `subscription.*` and `delivery.*`. Nobody publishes them, and `*` does not cover them.
pub const NOTICES: &[&str] = &[
    SUBSCRIPTION_FAILING,
    SUBSCRIPTION_RECOVERED,
    SUBSCRIPTION_DISABLED,
    SUBSCRIPTION_CERTIFICATE_EXPIRING,
    DELIVERY_EXHAUSTED,
];

/// Deliveries of a subscription have been failing for a while.
pub const SUBSCRIPTION_FAILING: &str = "subscription.failing";
/// A delivery of a subscription that was said to be failing has succeeded.
pub const SUBSCRIPTION_RECOVERED: &str = "subscription.recovered";
/// rendezhook stopped a subscription: its receiver asked for that, or nothing was delivered for days.
pub const SUBSCRIPTION_DISABLED: &str = "subscription.disabled";
/// The certificate that the target of a subscription shows ends within days.
pub const SUBSCRIPTION_CERTIFICATE_EXPIRING: &str = "subscription.certificate_expiring";
/// Every attempt of a delivery failed.
pub const DELIVERY_EXHAUSTED: &str = "delivery.exhausted";

/// An event exists for the first time.
pub const EVENT_CREATED: &str = "event.created";
/// A date and/or place is decided.
pub const EVENT_CONFIRMED: &str = "event.confirmed";
/// An event that was confirmed is edited and reconfirmed.
pub const EVENT_UPDATED: &str = "event.updated";
/// An event not yet confirmed is edited otherwise.
pub const EVENT_EDITED: &str = "event.edited";
/// Somebody votes on a proposed date or place.
pub const EVENT_VOTED: &str = "event.voted";
/// Somebody is invited.
pub const EVENT_NEW_INVITEE: &str = "event.new_invitee";
/// An event is cancelled, confirmed or not.
pub const EVENT_CANCELLED: &str = "event.cancelled";
/// An event is deleted.
pub const EVENT_REMOVED: &str = "event.removed";
/// Somebody joins an organization through its join link.
pub const USER_JOINED: &str = "user.joined";
/// A booking page changes.
pub const VYTEME_UPDATED: &str = "vyteme.updated";
/// An order exists for the first time.
pub const ORDER_CREATED: &str = "order.created";
/// An order changes.
pub const ORDER_UPDATED: &str = "order.updated";
/// An order is cancelled.
pub const ORDER_CANCELLED: &str = "order.cancelled";
/// An order is deleted.
pub const ORDER_REMOVED: &str = "order.removed";

/// The name of an action: the kind of its resource, a dot, and what happened (`event.confirmed`).
///
/// Parts are lower-case letters, digits and underscores, as Standard Webhooks advises for a `type`; at most 64 bytes. Of the kinds
/// that nobody publishes there are only the [`NOTICES`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ActionName(Arc<str>);

/// The text cannot be the name of an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not the name of an action; write the kind of resource, a dot and what happened, in lower case: event.confirmed"
)]
pub struct ActionNameError(String);

impl ActionName {
    /// The longest name, in bytes.
    pub const MAXIMUM_BYTES: usize = 64;

    /// A name of the catalogue, which is known to be well-formed.
    pub(crate) fn of_catalogue(name: &'static str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of resource it happens to: the part before the first dot.
    #[must_use]
    pub fn kind(&self) -> Option<ResourceKind> {
        self.0.split_once('.').and_then(|(kind, _)| kind.parse().ok())
    }

    /// Whether it is one of the server's own [`NOTICES`].
    #[must_use]
    pub fn is_notice(&self) -> bool {
        self.kind().is_some_and(|kind| !kind.is_published())
    }

    /// Whether it only says that a resource has a newer state (`event.updated`, `order.updated`), so that a later one of the same
    /// resource makes it superfluous. A name that says what was updated (`event.place.updated`) says more than that.
    #[must_use]
    pub fn is_update(&self) -> bool {
        self.0.split_once('.').is_some_and(|(_kind, happened)| happened == "updated")
    }

    /// Whether the catalogue lists it.
    #[must_use]
    pub fn in_catalogue(&self) -> bool {
        CATALOGUE.contains(&self.as_str())
    }
}

impl FromStr for ActionName {
    type Err = ActionNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let mut parts = text.split('.');
        let kind = parts.next().and_then(|kind| kind.parse::<ResourceKind>().ok());
        // What happens to kinds that nobody publishes is a closed list.
        let kind_known = kind.is_some_and(|kind| kind.is_published() || NOTICES.contains(&text));
        let mut rest = parts.peekable();
        let well_formed =
            text.len() <= Self::MAXIMUM_BYTES && kind_known && rest.peek().is_some() && rest.all(part);
        if !well_formed {
            return Err(ActionNameError(text.chars().take(80).collect()));
        }
        Ok(Self(Arc::from(text)))
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ActionName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_catalogue_is_well_formed() {
        for name in CATALOGUE {
            let known = ActionName::of_catalogue(name);
            let name: ActionName = name.parse().unwrap();
            assert_eq!(name, known);
            assert!(name.in_catalogue());
            assert!(name.kind().is_some());
        }
    }

    #[test]
    fn notices_are_a_closed_list() {
        for name in NOTICES {
            let name: ActionName = name.parse().unwrap();
            assert!(name.is_notice() && !name.in_catalogue());
        }
        assert!(!"event.confirmed".parse::<ActionName>().unwrap().is_notice());
        for text in ["subscription.created", "delivery.delivered", "subscription.failing.soon"] {
            assert!(text.parse::<ActionName>().is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for text in
            ["", "event", "event.", ".created", "meeting.created", "event.Created", "event..x", "event.a b"]
        {
            assert!(text.parse::<ActionName>().is_err(), "{text}");
        }
        assert!("event.starting.soon".parse::<ActionName>().is_ok());
        assert!(format!("event.{}", "x".repeat(60)).parse::<ActionName>().is_err());
    }
}
