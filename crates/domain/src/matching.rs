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
    /// `*`: every action.
    Any,
    /// `event.*`: every action of one kind of resource.
    Kind(ResourceKind),
    /// `event.confirmed`: exactly that action.
    Exactly(ActionName),
}

impl ActionPattern {
    /// Whether the pattern covers the action.
    #[must_use]
    pub fn covers(&self, action: &ActionName) -> bool {
        match self {
            Self::Any => true,
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

/// What a subscription wants: actions by pattern, and optionally those of one user only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// At least one pattern; an action matches when any of them covers it.
    pub actions: Vec<ActionPattern>,
    /// Only actions that name this user (a Vyte hook of scope `user`).
    pub user: Option<Arc<str>>,
}

impl Filter {
    /// Whether an action with this name and user is wanted.
    #[must_use]
    pub fn wants(&self, action: &ActionName, user: Option<&str>) -> bool {
        let user_wanted = match &self.user {
            None => true,
            Some(wanted) => user == Some(wanted.as_ref()),
        };
        user_wanted && self.actions.iter().any(|pattern| pattern.covers(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(patterns: &[&str], user: Option<&str>) -> Filter {
        Filter {
            actions: patterns.iter().map(|text| text.parse().unwrap()).collect(),
            user: user.map(Arc::from),
        }
    }

    #[test]
    fn patterns_cover_what_they_say() {
        let confirmed: ActionName = "event.confirmed".parse().unwrap();
        assert!(filter(&["*"], None).wants(&confirmed, None));
        assert!(filter(&["order.*", "event.*"], None).wants(&confirmed, None));
        assert!(filter(&["event.confirmed"], None).wants(&confirmed, Some("u1")));
        assert!(!filter(&["event.created", "order.*"], None).wants(&confirmed, None));
    }

    #[test]
    fn a_user_filter_wants_that_users_actions_only() {
        let confirmed: ActionName = "event.confirmed".parse().unwrap();
        assert!(filter(&["*"], Some("u1")).wants(&confirmed, Some("u1")));
        assert!(!filter(&["*"], Some("u1")).wants(&confirmed, Some("u2")));
        assert!(!filter(&["*"], Some("u1")).wants(&confirmed, None));
    }

    #[test]
    fn patterns_print_as_they_are_written() {
        for text in ["*", "event.*", "event.confirmed", "order.refunded"] {
            assert_eq!(text.parse::<ActionPattern>().unwrap().to_string(), text);
        }
        assert!("meeting.*".parse::<ActionPattern>().is_err());
    }
}
