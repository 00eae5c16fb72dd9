//! Actions that came with the feed or with a page, kept until the first attempts of their deliveries have started.

use std::collections::BTreeMap;
use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::sequence::Sequence;

/// A bounded memory of accepted actions, by their place in commit order.
///
/// It saves a read of the store for nearly every first attempt. What does not fit is forgotten from the oldest on, since
/// the newest is most likely to start next; a forgotten action is read from the store.
pub(super) struct CarriedActions {
    actions: BTreeMap<Sequence, Carried>,
    bytes: usize,
    maximum_bytes: usize,
    maximum_actions: usize,
}

struct Carried {
    action: Arc<AcceptedAction>,
    /// Deliveries whose first attempt has not taken it yet.
    outstanding: usize,
}

impl CarriedActions {
    pub(super) fn new(maximum_bytes: usize, maximum_actions: usize) -> Self {
        Self { actions: BTreeMap::new(), bytes: 0, maximum_bytes, maximum_actions }
    }

    /// Keeps an action for so many first attempts.
    pub(super) fn keep(&mut self, action: Arc<AcceptedAction>, deliveries: usize) {
        if deliveries == 0 {
            return;
        }
        self.bytes += size(&action);
        let sequence = action.sequence;
        let carried = Carried { action, outstanding: deliveries };
        if let Some(replaced) = self.actions.insert(sequence, carried) {
            self.bytes -= size(&replaced.action);
        }
        while self.bytes > self.maximum_bytes || self.actions.len() > self.maximum_actions {
            let Some((_, oldest)) = self.actions.pop_first() else {
                return;
            };
            self.bytes -= size(&oldest.action);
        }
    }

    /// The action for one first attempt; `None` when it is not remembered.
    pub(super) fn take(&mut self, sequence: Sequence) -> Option<Arc<AcceptedAction>> {
        let carried = self.actions.get_mut(&sequence)?;
        if carried.outstanding > 1 {
            carried.outstanding -= 1;
            return Some(Arc::clone(&carried.action));
        }
        let carried = self.actions.remove(&sequence)?;
        self.bytes -= size(&carried.action);
        Some(carried.action)
    }
}

/// The bytes that count: the bodies, beside which the rest of an action is small.
fn size(action: &AcceptedAction) -> usize {
    let optional = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    action.resource.len() + optional(&action.representations) + optional(&action.changes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rendezhook_domain::resource::{ResourceId, ResourceKind};
    use rendezhook_domain::sequence::{OrganizationNumber, ResourceNumber};
    use rendezhook_domain::time::Timestamp;

    use super::*;

    fn action(sequence: u64, bytes: usize) -> Arc<AcceptedAction> {
        Arc::new(AcceptedAction {
            sequence: Sequence::new(sequence),
            organization: OrganizationNumber::new(1),
            name: "event.created".parse().unwrap(),
            kind: ResourceKind::Event,
            resource_id: ResourceId::new("e1").unwrap(),
            resource_number: ResourceNumber::new(1),
            version: 1,
            user: None,
            occurred_at: Timestamp::EARLIEST,
            accepted_at: Timestamp::EARLIEST,
            expires_at: None,
            resource: Bytes::from(vec![b' '; bytes]),
            representations: None,
            changes: None,
            fired: None,
        })
    }

    #[test]
    fn serves_every_delivery_once_and_forgets() {
        let mut carried = CarriedActions::new(100, 10);
        carried.keep(action(1, 50), 2);
        assert!(carried.take(Sequence::new(1)).is_some());
        assert!(carried.take(Sequence::new(1)).is_some());
        assert!(carried.take(Sequence::new(1)).is_none());
        assert_eq!(carried.bytes, 0);
    }

    #[test]
    fn forgets_the_oldest_when_bytes_or_actions_are_too_many() {
        let mut carried = CarriedActions::new(100, 2);
        carried.keep(action(1, 60), 1);
        carried.keep(action(2, 60), 1);
        assert!(carried.take(Sequence::new(1)).is_none());
        carried.keep(action(3, 1), 1);
        carried.keep(action(4, 1), 1);
        assert!(carried.take(Sequence::new(2)).is_none());
        assert!(carried.take(Sequence::new(3)).is_some());
        assert!(carried.take(Sequence::new(4)).is_some());
    }

    #[test]
    fn an_action_larger_than_the_bound_is_not_kept() {
        let mut carried = CarriedActions::new(100, 2);
        carried.keep(action(1, 101), 1);
        assert!(carried.take(Sequence::new(1)).is_none());
        assert_eq!(carried.bytes, 0);
    }
}
