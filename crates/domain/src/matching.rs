//! Which actions a subscription wants.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::action::{ActionName, ActionNameError};
use crate::resource::ResourceKind;

/// One entry of a subscription's list of actions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionPattern {
    /// `*`: every published action. The server's notices have to be asked for: who wants all bookings does not want to be told of
    /// failures by surprise.
    Any,
    /// `event.*`: every action of one kind of resource; `subscription.*`: every notice about subscriptions.
    Kind(ResourceKind),
    /// `event.confirmed`: exactly that action.
    Exactly(ActionName),
}

impl ActionPattern {
    /// Whether the pattern covers the action.
    #[must_use]
    pub fn covers(&self, action: &ActionName) -> bool {
        match self {
            Self::Any => !action.is_notice(),
            Self::Kind(kind) => action.kind() == Some(*kind),
            Self::Exactly(name) => name == action,
        }
    }
}

impl FromStr for ActionPattern {
    type Err = ActionNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let kind = text.strip_suffix(".*").and_then(|kind| kind.parse::<ResourceKind>().ok());
        match kind {
            Some(kind) => Ok(Self::Kind(kind)),
            None => text.parse().map(Self::Exactly),
        }
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("*"),
            Self::Kind(kind) => write!(formatter, "{kind}.*"),
            Self::Exactly(name) => name.fmt(formatter),
        }
    }
}

impl Serialize for ActionPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What is known of an action that subscriptions choose by.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// What happened.
    pub action: &'a ActionName,
    /// The user it concerns.
    pub user: Option<&'a str>,
    /// The event it belongs to: the resource itself, or the one an order is for.
    pub event: Option<&'a str>,
}

/// What a subscription wants: actions by pattern, and optionally those of one user or of one event only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// At least one pattern; an action matches when any of them covers it.
    pub actions: Vec<ActionPattern>,
    /// Only actions that name this user (a Vyte hook of scope `user`).
    pub user: Option<Arc<str>>,
    /// Only actions of this event and of its orders (a doo group with `event_id`).
    pub event: Option<Arc<str>>,
}

impl Filter {
    /// Whether an action is wanted.
    #[must_use]
    pub fn wants(&self, happening: &Happening<'_>) -> bool {
        let is = |wanted: &Option<Arc<str>>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted.as_ref()))
        };
        is(&self.user, happening.user)
            && is(&self.event, happening.event)
            && self.actions.iter().any(|pattern| pattern.covers(happening.action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(patterns: &[&str], user: Option<&str>, event: Option<&str>) -> Filter {
        Filter {
            actions: patterns.iter().map(|text| text.parse().unwrap()).collect(),
            user: user.map(Arc::from),
            event: event.map(Arc::from),
        }
    }

    fn wants(filter: &Filter, user: Option<&str>, event: Option<&str>) -> bool {
        let action = "event.confirmed".parse().unwrap();
        filter.wants(&Happening { action: &action, user, event })
    }

    #[test]
    fn patterns_cover_what_they_say() {
        assert!(wants(&filter(&["*"], None, None), None, None));
        assert!(wants(&filter(&["order.*", "event.*"], None, None), None, None));
        assert!(wants(&filter(&["event.confirmed"], None, None), Some("u1"), None));
        assert!(!wants(&filter(&["event.created", "order.*"], None, None), None, None));
    }

    #[test]
    fn a_filter_for_a_user_or_an_event_wants_theirs_only() {
        let of_user = filter(&["*"], Some("u1"), None);
        assert!(wants(&of_user, Some("u1"), Some("e1")));
        assert!(!wants(&of_user, Some("u2"), Some("e1")));
        assert!(!wants(&of_user, None, None));
        let of_event = filter(&["*"], None, Some("e1"));
        assert!(wants(&of_event, Some("u1"), Some("e1")));
        assert!(!wants(&of_event, None, Some("e2")));
        assert!(!wants(&of_event, None, None));
    }

    #[test]
    fn patterns_print_as_they_are_written() {
        for text in ["*", "event.*", "event.confirmed", "order.refunded"] {
            assert_eq!(text.parse::<ActionPattern>().unwrap().to_string(), text);
        }
        assert!("meeting.*".parse::<ActionPattern>().is_err());
    }
}
