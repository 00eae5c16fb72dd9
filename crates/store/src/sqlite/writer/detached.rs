//! Deliveries of their own, each for one subscription.

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{ResourceNumber, Sequence};

use super::job::{Performed, Work};
use super::rows::{First, Insertions, write_with_deliveries};
use super::turn::Turn;
use crate::change::ChangeRefusal;
use crate::publish::DetachedDelivery;
use crate::sqlite::fault::Fault;

/// Deliveries of their own.
pub(in crate::sqlite) struct DetachedWork(pub(in crate::sqlite) Vec<DetachedDelivery>);

impl Work for DetachedWork {
    type Answer = Vec<Result<DeliveryId, ChangeRefusal>>;
    const DOING: &'static str = "committing deliveries of their own";

    fn rows(&self) -> usize {
        3 * self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|detached| detached.body.len()).sum()
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Self::Answer>, Fault> {
        let mut insertions = Insertions::new(turn.connection)?;
        let committed: Result<_, Fault> =
            self.0.iter().map(|detached| commit(turn, &mut insertions, detached)).collect();
        Ok(Performed::AnswerOnceDurable(committed?))
    }
}

fn commit(
    turn: &mut Turn<'_>,
    insertions: &mut Insertions<'_>,
    detached: &DetachedDelivery,
) -> Result<Result<DeliveryId, ChangeRefusal>, Fault> {
    let matched = detached.matched;
    let entry = turn.memory.subscription(matched.subscription);
    let exists = entry.is_some_and(|entry| entry.subscription.organization == detached.organization);
    if !exists {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    let counters = &mut turn.memory.counters;
    let body = counters.body.take(1);
    let action = AcceptedAction {
        sequence: Sequence::new(counters.sequence.take(1)),
        organization: detached.organization,
        name: detached.name.clone(),
        kind: detached.kind,
        resource_id: detached.resource_id.clone(),
        // A number that no resource has: it stands in a lane of its own.
        resource_number: ResourceNumber::new(counters.resource.take(1)),
        version: detached.version,
        user: None,
        occurred_at: detached.occurred_at,
        accepted_at: detached.accepted_at,
        expires_at: None,
        resource: detached.body.clone(),
        representations: None,
        changes: None,
        fired: None,
    };
    insertions.body(body, &detached.body)?;
    let first = First { origin: detached.origin, due_at: detached.due_at };
    let receipt = write_with_deliveries(turn, insertions, action, body, &[matched], first)?;
    Ok(Ok(DeliveryId::new(detached.accepted_at, receipt.sequence.plus(1), matched.receiver)))
}
