//! Which deliveries of a receiver wait for each other.

use serde::{Deserialize, Serialize};

/// Which deliveries of a receiver wait for each other: what a *lane* is to it.
///
/// Tests stand in lanes of their own in every order: who tests does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOrder {
    /// The deliveries of one resource are a lane: in order within, parallel across.
    #[default]
    Resource,
    /// Nothing waits for anything else: each delivery is a lane of its own, and none is ever overtaken.
    None,
    /// All deliveries of the receiver are one lane: one action at a time, and a failing one holds up all the others until it is
    /// overtaken.
    Strict,
}

impl DeliveryOrder {
    /// Every order, the default first.
    pub const ALL: [Self; 3] = [Self::Resource, Self::None, Self::Strict];

    /// The name on the wire and in stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::None => "none",
            Self::Strict => "strict",
        }
    }

    /// The order with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_found_by_its_name_on_the_wire() {
        for order in DeliveryOrder::ALL {
            assert_eq!(DeliveryOrder::from_name(order.name()), Some(order));
            assert_eq!(serde_json::to_value(order).unwrap(), order.name());
        }
        assert_eq!(DeliveryOrder::from_name("lifo"), None);
    }
}
