//! The seven types of the document, and the actions they are told for.

use std::fmt::Write;
use std::sync::Arc;

use ring::digest::{SHA256, digest};

use rendezhook_domain::action::{
    ActionName, EVENT_CANCELLED, EVENT_CONFIRMED, EVENT_CREATED, EVENT_EDITED, EVENT_NEW_INVITEE,
    EVENT_REMOVED, EVENT_UPDATED, EVENT_VOTED, ORDER_CANCELLED, ORDER_CREATED, ORDER_REMOVED, ORDER_UPDATED,
};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Origin;

/// How many bytes of the digest stand in a listed type.
const LISTED_DIGEST_BYTES: usize = 16;

/// What a hook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookType {
    /// An event exists for the first time.
    EventCreated,
    /// Whatever else happens to an event that still exists, its cancellation included.
    EventUpdated,
    /// An event is deleted.
    EventRemoved,
    /// An order exists for the first time.
    OrderCreated,
    /// An order changes.
    OrderUpdated,
    /// An order is cancelled.
    OrderCancelled,
    /// An order is deleted.
    OrderRemoved,
}

impl HookType {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::EventCreated,
        Self::EventUpdated,
        Self::EventRemoved,
        Self::OrderCreated,
        Self::OrderUpdated,
        Self::OrderCancelled,
        Self::OrderRemoved,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventCreated => "event_created",
            Self::EventUpdated => "event_updated",
            Self::EventRemoved => "event_removed",
            Self::OrderCreated => "order_created",
            Self::OrderUpdated => "order_updated",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderRemoved => "order_removed",
        }
    }

    /// The type with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook_type| hook_type.name() == name)
    }

    /// The type with this name, or with this name in the form in which a hook with an origin is listed: the name, an underscore
    /// and 32 hexadecimal digits. Which digits is not asked: an adjusted origin has others.
    #[must_use]
    pub fn of_listed_name(name: &str) -> Option<Self> {
        Self::of_name(name).or_else(|| {
            let (plain, digits) = name.rsplit_once('_')?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            if digits.len() == 2 * LISTED_DIGEST_BYTES && hexadecimal { Self::of_name(plain) } else { None }
        })
    }

    /// How a hook with this origin is listed: the name, an underscore, and the first 16 bytes of a SHA-256 in 32 lower-case
    /// hexadecimal digits.
    ///
    /// The digest covers four texts in UTF-8 with a line feed between them: the name, and the origin's method, endpoint and body as
    /// they were sent. None of the first three can hold a line feed, so that no two different origins have the same bytes.
    #[must_use]
    pub fn listed_name(self, origin: &Origin) -> String {
        let parts = [self.name(), origin.method.name(), origin.endpoint.as_str(), &origin.body];
        let digest = digest(&SHA256, parts.join("\n").as_bytes());
        let mut listed = format!("{}_", self.name());
        for byte in digest.as_ref().iter().take(LISTED_DIGEST_BYTES) {
            // Writing into a text never fails.
            let _ = write!(listed, "{byte:02x}");
        }
        listed
    }

    /// The kind of resource it is told of.
    #[must_use]
    pub const fn kind(self) -> ResourceKind {
        match self {
            Self::EventCreated | Self::EventUpdated | Self::EventRemoved => ResourceKind::Event,
            Self::OrderCreated | Self::OrderUpdated | Self::OrderCancelled | Self::OrderRemoved => {
                ResourceKind::Order
            }
        }
    }

    /// The actions it is told for.
    const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::EventCreated => &[EVENT_CREATED],
            Self::EventUpdated => &[
                EVENT_CONFIRMED,
                EVENT_UPDATED,
                EVENT_EDITED,
                EVENT_VOTED,
                EVENT_NEW_INVITEE,
                EVENT_CANCELLED,
            ],
            Self::EventRemoved => &[EVENT_REMOVED],
            Self::OrderCreated => &[ORDER_CREATED],
            Self::OrderUpdated => &[ORDER_UPDATED],
            Self::OrderCancelled => &[ORDER_CANCELLED],
            Self::OrderRemoved => &[ORDER_REMOVED],
        }
    }

    /// The type that is told for this action; `None` for actions of which a hook is never told.
    #[must_use]
    pub fn of_action(action: &ActionName) -> Option<Self> {
        Self::ALL.into_iter().find(|hook_type| hook_type.actions().contains(&action.as_str()))
    }

    /// What the subscription of a hook of this type wants: its actions, of one user or of one event only when the hook is.
    #[must_use]
    pub fn filter(self, user: Option<Arc<str>>, event: Option<Arc<str>>) -> Filter {
        let names = self.actions().iter().filter_map(|name| name.parse().ok());
        Filter { actions: names.map(ActionPattern::Exactly).collect(), user, event }
    }

    /// The type of the hook whose subscription wants this; `None` when it wants actions of several types, or others.
    #[must_use]
    pub fn of_filter(filter: &Filter) -> Option<Self> {
        let type_of = |pattern: &ActionPattern| match pattern {
            ActionPattern::Exactly(name) => Self::of_action(name),
            ActionPattern::Any | ActionPattern::Kind(_) => None,
        };
        let (first, rest) = filter.actions.split_first()?;
        let hook_type = type_of(first)?;
        rest.iter().all(|pattern| type_of(pattern) == Some(hook_type)).then_some(hook_type)
    }
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::action::{CATALOGUE, USER_JOINED, VYTEME_UPDATED};
    use rendezhook_domain::subscription::RequestMethod;
    use rendezhook_domain::target::{TargetPolicy, TargetUrl};

    use super::*;

    fn origin(endpoint: &str, body: &str) -> Origin {
        Origin {
            method: RequestMethod::Post,
            endpoint: TargetUrl::parse(endpoint, &TargetPolicy::stored()).unwrap(),
            body: Arc::from(body),
        }
    }

    #[test]
    fn every_action_of_events_and_orders_has_one_type() {
        for name in CATALOGUE {
            let action: ActionName = name.parse().unwrap();
            let told = HookType::of_action(&action);
            assert_eq!(told.is_none(), [USER_JOINED, VYTEME_UPDATED].contains(name), "{name}");
            if let Some(told) = told {
                assert_eq!(Some(told.kind()), action.kind());
            }
            let times = HookType::ALL.iter().filter(|hook_type| hook_type.actions().contains(name)).count();
            assert!(times <= 1, "{name}");
        }
    }

    #[test]
    fn a_filter_gives_its_type_back() {
        for hook_type in HookType::ALL {
            let filter = hook_type.filter(Some(Arc::from("u")), Some(Arc::from("e")));
            assert_eq!(HookType::of_filter(&filter), Some(hook_type));
            assert_eq!((filter.user.as_deref(), filter.event.as_deref()), (Some("u"), Some("e")));
            assert_eq!(HookType::of_name(hook_type.name()), Some(hook_type));
        }
        let wanting = |patterns: &[&str]| Filter {
            actions: patterns.iter().map(|text| text.parse().unwrap()).collect(),
            user: None,
            event: None,
        };
        assert_eq!(HookType::of_filter(&wanting(&["event.voted"])), Some(HookType::EventUpdated));
        for others in [&["*"][..], &["event.*"], &["event.created", "order.created"], &["user.joined"], &[]] {
            assert_eq!(HookType::of_filter(&wanting(others)), None, "{others:?}");
        }
    }

    #[test]
    fn a_listed_name_is_the_name_and_half_a_digest() {
        let listed = HookType::EventCreated.listed_name(&origin("https://gql.doo.net", "{\"query\":\"\"}"));
        // printf 'event_created\nPOST\nhttps://gql.doo.net\n{"query":""}' | sha256sum | cut -c 1-32
        assert_eq!(listed, "event_created_599ed88a4f67936bfb93c9e1c9214730");
        assert_eq!(HookType::of_listed_name(&listed), Some(HookType::EventCreated));
    }

    #[test]
    fn type_and_every_part_of_an_origin_change_the_listed_name() {
        let one = origin("https://gql.doo.net", "{}");
        let listed = HookType::EventCreated.listed_name(&one);
        let others = [
            HookType::EventUpdated.listed_name(&one),
            HookType::EventCreated.listed_name(&origin("https://gql.doo.net/", "{}")),
            HookType::EventCreated.listed_name(&origin("https://gql.doo.net", "{ }")),
            HookType::EventCreated.listed_name(&Origin { method: RequestMethod::Put, ..one }),
        ];
        let digits = |name: &str| name.rsplit_once('_').unwrap().1.to_owned();
        for other in others {
            assert_ne!(digits(&listed), digits(&other));
        }
    }

    #[test]
    fn what_is_no_listed_name_is_none() {
        let digits = "92bd9a53281981160c955e339304b3e5";
        assert_eq!(
            HookType::of_listed_name(&format!("order_removed_{digits}")),
            Some(HookType::OrderRemoved)
        );
        for wrong in [
            format!("order_removed_{digits}0"),
            format!("order_removed{digits}"),
            "order_removed_".to_owned(),
            format!("order_moved_{digits}"),
            format!("order_removed_{}", digits.replace('b', "g")),
            "on_event_created".to_owned(),
            "event.created".to_owned(),
        ] {
            assert_eq!(HookType::of_listed_name(&wrong), None, "{wrong}");
        }
    }
}
