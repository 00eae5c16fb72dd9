//! How the breakers of endpoints stand, for everybody to read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::Endpoint;

use crate::scheduler::effect::BreakerState;

/// The breakers that are not closed. Cheap to clone; all clones show the same.
#[derive(Clone, Default)]
pub(super) struct Breakers(Arc<RwLock<HashMap<(OrganizationNumber, Endpoint), BreakerState>>>);

impl Breakers {
    /// How the breaker of an organization's endpoint stands.
    pub(super) fn state(&self, organization: OrganizationNumber, endpoint: &Endpoint) -> BreakerState {
        let states = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Nearly always there is none at all.
        if states.is_empty() {
            return BreakerState::Closed;
        }
        states.get(&(organization, endpoint.clone())).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, organization: OrganizationNumber, endpoint: &Endpoint, state: BreakerState) {
        let mut states = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let name = (organization, endpoint.clone());
        if state == BreakerState::Closed {
            states.remove(&name);
        } else {
            states.insert(name, state);
        }
    }
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::target::{TargetPolicy, TargetUrl};
    use rendezhook_domain::time::Timestamp;

    use super::*;

    #[test]
    fn a_breaker_is_closed_unless_told_otherwise() {
        let endpoint = |url| TargetUrl::parse(url, &TargetPolicy::stored()).unwrap().endpoint();
        let (one, other) = (endpoint("https://a.example/hooks?key=1"), endpoint("https://a.example/hooks"));
        let organization = OrganizationNumber::new(1);
        let breakers = Breakers::default();
        let shown = breakers.clone();
        assert_eq!(shown.state(organization, &one), BreakerState::Closed);
        let at = Timestamp::from_milliseconds;
        let open = BreakerState::Open { since: at(1), next_probe_at: at(2) };
        breakers.set(organization, &one, open);
        assert_eq!(shown.state(organization, &other), open, "it is one endpoint");
        assert_eq!(shown.state(OrganizationNumber::new(2), &one), BreakerState::Closed);
        breakers.set(organization, &one, BreakerState::Closed);
        assert_eq!(shown.state(organization, &one), BreakerState::Closed);
    }
}
