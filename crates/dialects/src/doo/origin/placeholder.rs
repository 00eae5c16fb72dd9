//! What stands in a document for the ids of an action.

/// A text that is replaced by an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// The id of the event, or of the one that an order is for.
    Event,
    /// The id of the order.
    Order,
    /// The number of the organization.
    Organization,
}

impl Placeholder {
    pub(super) const ALL: [Self; 3] = [Self::Event, Self::Order, Self::Organization];

    /// As it stands in a document.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Event => "%EVENT_ID%",
            Self::Order => "%ORDER_ID%",
            Self::Organization => "%ORGANIZATION_ID%",
        }
    }

    pub(super) fn stands_in(self, text: &str) -> bool {
        text.contains(self.text())
    }
}
