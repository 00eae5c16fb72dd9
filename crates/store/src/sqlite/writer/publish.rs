//! Committing a publisher's request.

mod resource;

use std::collections::HashMap;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{ResourceNumber, Sequence};

use self::resource::KnownResource;
use super::firing::{self, FiringResource};
use super::job::{Performed, Work};
use super::rows::{First, Insertions, write_for_later, write_with_deliveries};
use super::turn::Turn;
use super::{JOB_ROWS_A_TURN, ROWS_A_TURN, idempotency};
use crate::firing::NewScheduled;
use crate::publish::{
    NewAction, Publish, PublishOutcome, Receipt, ReceiptAction, ResourceChange, StaleResource,
};
use crate::sqlite::fault::Fault;

/// A publisher's request.
pub(in crate::sqlite) struct PublishWork(pub(in crate::sqlite) Publish);

/// Resources of one request by kind and id.
type KnownResources<'a> = HashMap<(ResourceKind, &'a str), KnownResource>;

impl Work for PublishWork {
    type Answer = PublishOutcome;
    const DOING: &'static str = "committing what was published";

    fn rows(&self) -> usize {
        let deliveries = deliveries(&self.0);
        // What does not fit into a turn is written by later ones; its chunks are few.
        let deliveries =
            if deliveries > ROWS_A_TURN { deliveries.div_ceil(JOB_ROWS_A_TURN) } else { deliveries };
        let firings =
            |change: &ResourceChange| change.firings.as_ref().map_or(0, |firings| firings.due.len());
        let of_change = |change: &ResourceChange| 2 + change.actions.len() + firings(change);
        let of_changes: usize = self.0.changes.iter().map(of_change).sum();
        1 + of_changes + 2 * self.0.scheduled.len() + deliveries
    }

    fn bytes(&self) -> usize {
        let representations =
            |action: &NewAction| action.representations.as_ref().map_or(0, bytes::Bytes::len);
        let of_change = |change: &ResourceChange| {
            change.body.len() + change.actions.iter().map(representations).sum::<usize>()
        };
        let of_scheduled = |scheduled: &NewScheduled| scheduled.content.bytes();
        self.0.changes.iter().map(of_change).chain(self.0.scheduled.iter().map(of_scheduled)).sum()
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<PublishOutcome>, Fault> {
        let publish = &self.0;
        if publish.catalogue < turn.memory.organization_version(publish.organization) {
            return Ok(Performed::AnswerOnceDurable(PublishOutcome::CatalogueChanged));
        }
        if let Some(claim) = &publish.idempotency {
            let earlier =
                idempotency::look_up(turn.connection, publish.organization, claim, publish.accepted_at)?;
            if let Some(outcome) = earlier {
                return Ok(Performed::AnswerOnceDurable(outcome));
            }
        }
        if publish.repetition_only {
            return Ok(Performed::AnswerOnceDurable(PublishOutcome::NotRepeated));
        }
        if let Some(key) = publish.firing
            && !firing::waits(turn, publish.organization, key)?
        {
            return Ok(Performed::AnswerOnceDurable(PublishOutcome::NotDue));
        }
        if !has_room(turn, publish) {
            return Ok(Performed::AnswerOnceDurable(PublishOutcome::TooManyScheduled));
        }
        let mut known = KnownResources::new();
        let stale = check(turn, publish, &mut known)?;
        if !stale.is_empty() {
            return Ok(Performed::AnswerNow(PublishOutcome::Stale(stale)));
        }
        let receipt = write(turn, publish, &mut known)?;
        for new in &publish.scheduled {
            firing::schedule(turn, publish.organization, new)?;
        }
        if let Some(key) = publish.firing {
            let fires = publish.changes.iter().any(|change| !change.actions.is_empty());
            firing::end(turn, key, fires)?;
        }
        if let Some(claim) = &publish.idempotency {
            idempotency::remember(turn.connection, publish.organization, claim, &receipt)?;
        }
        Ok(Performed::AnswerOnceDurable(PublishOutcome::Committed(receipt)))
    }
}

/// Whether what is to be scheduled may wait beside what waits already. What takes the place of another counts as one more.
fn has_room(turn: &Turn<'_>, publish: &Publish) -> bool {
    let new = u64::try_from(publish.scheduled.len()).unwrap_or(u64::MAX);
    new == 0
        || turn.memory.scheduled.of(publish.organization).saturating_add(new) <= NewScheduled::MAXIMUM_WAITING
}

fn deliveries(publish: &Publish) -> usize {
    publish.changes.iter().flat_map(|change| &change.actions).map(|action| action.matched.len()).sum()
}

/// Compares every resource with what the request expects of it. A resource that appears again is expected as the change
/// before it leaves it.
fn check<'a>(
    turn: &Turn<'_>,
    publish: &'a Publish,
    known: &mut KnownResources<'a>,
) -> Result<Vec<StaleResource>, Fault> {
    let mut reading = resource::Reading::new(turn.connection)?;
    let mut stale = Vec::new();
    for (place, change) in publish.changes.iter().enumerate() {
        let key = (change.kind, change.resource_id.as_str());
        let resource = match known.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let read = reading.read(publish.organization, change.kind, key.1)?;
                entry.insert(read)
            }
        };
        if change.expected != resource.facts.map(|facts| facts.version) {
            stale.push(StaleResource { change: place, facts: resource.facts });
        }
        resource.facts = Some(change.facts);
    }
    Ok(stale)
}

fn write<'a>(
    turn: &mut Turn<'_>,
    publish: &'a Publish,
    known: &mut KnownResources<'a>,
) -> Result<Receipt, Fault> {
    let spread = deliveries(publish) > ROWS_A_TURN;
    let mut insertions = Insertions::new(turn.connection)?;
    let mut actions = Vec::new();
    for change in &publish.changes {
        let Some(resource) = known.get_mut(&(change.kind, change.resource_id.as_str())) else { continue };
        let body = write_body(turn, &mut insertions, change)?;
        let number = resource.write(turn, publish.organization, change, body)?;
        if let Some(firings) = &change.firings {
            let of = FiringResource {
                organization: publish.organization,
                kind: change.kind,
                id: change.resource_id.as_str(),
            };
            firing::replace(turn, of, firings, publish.accepted_at)?;
        }
        for new in &change.actions {
            let Some(body) = body else { continue };
            actions.push(write_action(
                turn,
                &mut insertions,
                publish,
                change,
                new,
                At { resource: number, body, spread },
            )?);
        }
    }
    Ok(Receipt { accepted_at: publish.accepted_at, actions })
}

/// Writes the body of a change if anything refers to it.
fn write_body(
    turn: &mut Turn<'_>,
    insertions: &mut Insertions<'_>,
    change: &ResourceChange,
) -> Result<Option<u64>, Fault> {
    let becomes_state = change.stores_body && !change.facts.removed;
    if change.actions.is_empty() && !becomes_state {
        return Ok(None);
    }
    let number = turn.memory.counters.body.take(1);
    insertions.body(number, &change.body)?;
    Ok(Some(number))
}

/// Where an action belongs.
#[derive(Debug, Clone, Copy)]
struct At {
    resource: ResourceNumber,
    body: u64,
    /// Deliveries are written by later turns.
    spread: bool,
}

fn write_action(
    turn: &mut Turn<'_>,
    insertions: &mut Insertions<'_>,
    publish: &Publish,
    change: &ResourceChange,
    new: &NewAction,
    at: At,
) -> Result<ReceiptAction, Fault> {
    let action = AcceptedAction {
        sequence: Sequence::new(turn.memory.counters.sequence.take(1)),
        organization: publish.organization,
        name: new.name.clone(),
        kind: change.kind,
        resource_id: change.resource_id.clone(),
        resource_number: at.resource,
        version: new.version,
        user: new.user.clone(),
        occurred_at: new.occurred_at,
        accepted_at: publish.accepted_at,
        expires_at: new.expires_at,
        resource: change.body.clone(),
        representations: new.representations.clone(),
        changes: new.changes.clone(),
        fired: new.fired.clone(),
    };
    // While earlier deliveries of the resource are still to be written, later ones have to come after them.
    let later = at.spread || turn.memory.fanouts.has(at.resource);
    if later && !new.matched.is_empty() {
        return write_for_later(turn, insertions, &action, at.body, &new.matched);
    }
    let first = First::original(publish.accepted_at);
    write_with_deliveries(turn, insertions, action, at.body, &new.matched, first)
}
