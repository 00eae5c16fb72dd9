//! What a key of an organization permits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The scope of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// Everything in its organization, keys included.
    Admin,
    /// Publishing actions and resources, and reading.
    Publisher,
    /// Managing subscriptions, and reading.
    Integrator,
    /// Reading.
    Viewer,
}

/// What a request wants to do; each surface names the one it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read subscriptions, deliveries and resources.
    Read,
    /// Create, change and delete subscriptions, see their secrets, send tests.
    ManageSubscriptions,
    /// Publish actions and resources.
    Publish,
    /// Create and revoke keys, change the organization.
    ManageOrganization,
}

/// The text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a scope; there are: admin, publisher, integrator, viewer")]
pub struct KeyScopeError(String);

impl KeyScope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Publisher, Self::Integrator, Self::Viewer];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Publisher => "publisher",
            Self::Integrator => "integrator",
            Self::Viewer => "viewer",
        }
    }

    /// Whether a key of this scope may do it.
    #[must_use]
    pub const fn permits(self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Admin, _) | (_, Permission::Read) => true,
            (Self::Publisher, wanted) => matches!(wanted, Permission::Publish),
            (Self::Integrator, wanted) => matches!(wanted, Permission::ManageSubscriptions),
            (Self::Viewer, _) => false,
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| KeyScopeError(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_permits_its_own_and_reading() {
        let permitted = |scope: KeyScope| {
            [
                Permission::Read,
                Permission::ManageSubscriptions,
                Permission::Publish,
                Permission::ManageOrganization,
            ]
            .map(|permission| scope.permits(permission))
        };
        assert_eq!(permitted(KeyScope::Admin), [true, true, true, true]);
        assert_eq!(permitted(KeyScope::Publisher), [true, false, true, false]);
        assert_eq!(permitted(KeyScope::Integrator), [true, true, false, false]);
        assert_eq!(permitted(KeyScope::Viewer), [true, false, false, false]);
    }
}
