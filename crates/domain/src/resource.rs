//! What is scheduled or sold.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The kinds of resource there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// A meeting, one to one or in a group.
    Event,
    /// An order of tickets.
    Order,
    /// Somebody with an account.
    User,
    /// A booking page.
    Vyteme,
    /// A subscription of the organization itself. Only the server's own notices are about one; nobody publishes it.
    Subscription,
    /// A delivery of the organization itself. Only the server's own notices are about one; nobody publishes it.
    Delivery,
}

/// The text names no kind of resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a kind of resource; there are: event, order, user, vyteme")]
pub struct ResourceKindError(String);

impl ResourceKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Event, Self::Order, Self::User, Self::Vyteme, Self::Subscription, Self::Delivery];

    /// The kinds that publishers publish, and whose latest states are kept, in the order of their numbers.
    pub const PUBLISHED: [Self; 4] = [Self::Event, Self::Order, Self::User, Self::Vyteme];

    /// Whether publishers publish it. What happens to the other kinds the server says itself, in its notices.
    #[must_use]
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Subscription | Self::Delivery)
    }

    /// The JSON Schema (2020-12) of its canonical shape. Publishers may add members of their own.
    #[must_use]
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Event => include_str!("../schemas/event.json"),
            Self::Order => include_str!("../schemas/order.json"),
            Self::User => include_str!("../schemas/user.json"),
            Self::Vyteme => include_str!("../schemas/vyteme.json"),
            Self::Subscription => include_str!("../schemas/subscription.json"),
            Self::Delivery => include_str!("../schemas/delivery.json"),
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Order => "order",
            Self::User => "user",
            Self::Vyteme => "vyteme",
            Self::Subscription => "subscription",
            Self::Delivery => "delivery",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Event => 1,
            Self::Order => 2,
            Self::User => 3,
            Self::Vyteme => 4,
            Self::Subscription => 5,
            Self::Delivery => 6,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for ResourceKind {
    type Err = ResourceKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| ResourceKindError(text.chars().take(80).collect()))
    }
}

/// The publisher's own id of a resource: 1 to 255 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ResourceId(Arc<str>);

/// The text cannot be the id of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResourceIdError {
    /// No character at all.
    #[error("the id of a resource is empty; give it 1 to 255 characters")]
    Empty,
    /// More than 255 characters.
    #[error("the id of a resource has {0} characters; at most 255 are allowed")]
    TooLong(usize),
    /// A control character, such as a line feed.
    #[error("the id of a resource contains a control character; use printable characters only")]
    ControlCharacter,
}

impl ResourceId {
    /// The longest id, in characters.
    pub const MAXIMUM_CHARACTERS: usize = 255;

    /// Checks the text.
    ///
    /// # Errors
    /// When it is empty, longer than 255 characters or contains a control character.
    pub fn new(text: &str) -> Result<Self, ResourceIdError> {
        if text.is_empty() {
            return Err(ResourceIdError::Empty);
        }
        // Bytes are counted first: nearly every id is short, and bytes are never fewer than characters.
        if text.len() > Self::MAXIMUM_CHARACTERS {
            let characters = text.chars().count();
            if characters > Self::MAXIMUM_CHARACTERS {
                return Err(ResourceIdError::TooLong(characters));
            }
        }
        if text.chars().any(char::is_control) {
            return Err(ResourceIdError::ControlCharacter);
        }
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert!(ResourceId::new(&"é".repeat(255)).is_ok());
        assert_eq!(ResourceId::new(&"é".repeat(256)), Err(ResourceIdError::TooLong(256)));
        assert_eq!(ResourceId::new(""), Err(ResourceIdError::Empty));
        assert_eq!(ResourceId::new("a\nb"), Err(ResourceIdError::ControlCharacter));
    }

    #[test]
    fn every_kind_is_found_by_name_and_number() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(ResourceKind::from_code(kind.code()), Some(kind));
        }
        assert!("meeting".parse::<ResourceKind>().is_err());
        let published: Vec<_> = ResourceKind::ALL.into_iter().filter(|kind| kind.is_published()).collect();
        assert_eq!(published, ResourceKind::PUBLISHED);
    }
}
