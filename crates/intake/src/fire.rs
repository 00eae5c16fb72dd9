//! Firing what has waited for its time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::json::{BorrowedJson, Json};
use rendezhook_domain::lifecycle::{self, BodyChange, ExplicitOutcome};
use rendezhook_domain::matching::Happening;
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Fired, Lateness, Timer, Verdict};
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry};
use rendezhook_store::firing::{DueFiring, FiringContent, ScheduledContent};
use rendezhook_store::publish::{NewAction, Publish, PublishOutcome, Receipt, ResourceChange};
use rendezhook_store::read::StoredResource;

use crate::Intake;
use crate::error::PublishError;
use crate::explicit::entry;
use crate::follow::firings_of;
use crate::matching::matched;
use crate::rounds::Rounds;

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringOutcome {
    /// Its action is committed.
    Fired {
        /// The action.
        receipt: Receipt,
        /// By how many seconds it was late, when it was.
        late_by_seconds: Option<u32>,
    },
    /// It was late, and its timer does not want late ones.
    Skipped {
        /// By how many seconds.
        late_by_seconds: u32,
    },
    /// It is not due any more: its resource or its timer changed, or it was fired or cancelled.
    Gone,
}

/// What is to be committed for a firing.
enum Decision {
    Fire { change: Box<ResourceChange>, late_by_seconds: Option<u32> },
    Skip(u32),
    Drop,
}

/// What happens to a resource when a firing's action is told of it.
struct Telling<'a> {
    action: &'a ActionName,
    fired: Fired,
    occurred_at: Timestamp,
    expires_at: Option<Timestamp>,
    representations: Option<Bytes>,
    body: Bytes,
    before: Option<Facts>,
    outcome: ExplicitOutcome,
}

impl Intake {
    /// Commits the action of a firing that is due, as an ordinary action of its resource, and ends the firing in the same
    /// transaction: it fires once, whatever happens, and not at all when its resource was moved or cancelled at that moment.
    ///
    /// The action advances the resource's version, which counts its actions, and leaves its state as it is. A timer's action
    /// carries the state as it is then, a scheduled one what was published with it; only of a resource that nobody knows does that
    /// become the state.
    ///
    /// # Errors
    /// When others change the same resource without end, or the store failed. The firing waits on then.
    pub async fn fire(&self, firing: &DueFiring, now: Timestamp) -> Result<FiringOutcome, PublishError> {
        let mut rounds = Rounds::default();
        loop {
            let catalogue = self.store.catalogue();
            let kept = self.store.resource(firing.organization, firing.kind, &firing.resource_id).await?;
            let decision = decide(entry(&catalogue, firing.organization)?, firing, kept.as_ref(), now)?;
            let (change, outcome) = match decision {
                Decision::Fire { change, late_by_seconds } => (Some(*change), Ok(late_by_seconds)),
                Decision::Skip(late_by_seconds) => (None, Err(FiringOutcome::Skipped { late_by_seconds })),
                Decision::Drop => (None, Err(FiringOutcome::Gone)),
            };
            let facts = change.as_ref().map(|change| change.facts);
            let request = request(&catalogue, firing, change, now);
            match self.store.publish(request).await? {
                PublishOutcome::Committed(receipt) => {
                    if facts.is_some() {
                        let name = (firing.organization, firing.kind, firing.resource_id.clone());
                        self.recent.remember(name, facts);
                    }
                    return Ok(match outcome {
                        Ok(late_by_seconds) => FiringOutcome::Fired { receipt, late_by_seconds },
                        Err(not_fired) => not_fired,
                    });
                }
                PublishOutcome::Stale(_) => rounds.stale()?,
                PublishOutcome::CatalogueChanged => rounds.catalogue_changed()?,
                PublishOutcome::NotDue
                | PublishOutcome::Replayed(_)
                | PublishOutcome::KeyReused
                | PublishOutcome::NotRepeated
                | PublishOutcome::TooManyScheduled => return Ok(FiringOutcome::Gone),
            }
        }
    }
}

fn request(
    catalogue: &Catalogue,
    firing: &DueFiring,
    change: Option<ResourceChange>,
    now: Timestamp,
) -> Publish {
    Publish {
        organization: firing.organization,
        catalogue: catalogue.version,
        accepted_at: now,
        idempotency: None,
        repetition_only: false,
        changes: change.into_iter().collect(),
        scheduled: Vec::new(),
        firing: Some(firing.key),
    }
}

fn decide(
    organization: &OrganizationEntry,
    firing: &DueFiring,
    kept: Option<&StoredResource>,
    now: Timestamp,
) -> Result<Decision, PublishError> {
    match &firing.content {
        FiringContent::Timer(number) => match (organization.timer(*number), kept) {
            (Some(timer), Some(kept)) => of_timer(organization, firing, timer, kept, now),
            (None, _) | (_, None) => Ok(Decision::Drop),
        },
        FiringContent::Scheduled(content) => scheduled(organization, firing, content, kept, now),
    }
}

fn of_timer(
    organization: &OrganizationEntry,
    firing: &DueFiring,
    timer: &Timer,
    kept: &StoredResource,
    now: Timestamp,
) -> Result<Decision, PublishError> {
    let Some(body) = &kept.body else { return Ok(Decision::Drop) };
    let resource: BorrowedJson<'_> = serde_json::from_slice(body).map_err(PublishError::NotAnObject)?;
    let due_at = firing.key.due_at;
    // Firings are made anew in turns when a timer changes. What the timer does not want any more does not fire in between.
    if timer.due(&kept.facts, &resource) != Some(due_at) {
        return Ok(Decision::Drop);
    }
    let late_by_seconds = match timer.lateness.judge(due_at, now) {
        Verdict::Fire(late_by_seconds) => late_by_seconds,
        Verdict::Skip(late_by_seconds) => return Ok(Decision::Skip(late_by_seconds)),
    };
    let expires_after = |seconds: u32| due_at.after(Duration::from_secs(u64::from(seconds)));
    let telling = Telling {
        action: &timer.action,
        fired: Fired { timer: Arc::clone(&timer.name), late_by_seconds },
        occurred_at: due_at,
        expires_at: timer.expires_after_seconds.map(expires_after),
        representations: None,
        body: body.clone(),
        before: Some(kept.facts),
        outcome: advanced(kept.facts),
    };
    Ok(telling.decision(organization, firing, &resource))
}

fn scheduled(
    organization: &OrganizationEntry,
    firing: &DueFiring,
    content: &ScheduledContent,
    kept: Option<&StoredResource>,
    now: Timestamp,
) -> Result<Decision, PublishError> {
    let resource: BorrowedJson<'_> =
        serde_json::from_slice(&content.resource).map_err(PublishError::NotAnObject)?;
    let due_at = firing.key.due_at;
    let late_by_seconds = match Lateness::default().judge(due_at, now) {
        Verdict::Fire(late_by_seconds) => late_by_seconds,
        Verdict::Skip(late_by_seconds) => return Ok(Decision::Skip(late_by_seconds)),
    };
    let occurred_at = content.occurred_at.unwrap_or(due_at);
    let first =
        || lifecycle::facts_after_explicit(firing.kind, None, &resource, &content.action, occurred_at, now);
    let before = kept.map(|kept| kept.facts);
    let telling = Telling {
        action: &content.action,
        fired: Fired { timer: Arc::clone(&content.key), late_by_seconds },
        occurred_at,
        expires_at: content.expires_at,
        representations: content.representations.clone(),
        body: content.resource.clone(),
        before,
        outcome: before.map_or_else(first, advanced),
    };
    Ok(telling.decision(organization, firing, &resource))
}

/// One action more, and the same state.
const fn advanced(facts: Facts) -> ExplicitOutcome {
    let facts = Facts { version: facts.version.saturating_add(1), ..facts };
    ExplicitOutcome { facts, body: BodyChange::Kept }
}

impl Telling<'_> {
    fn decision(
        self,
        organization: &OrganizationEntry,
        firing: &DueFiring,
        resource: &impl Json,
    ) -> Decision {
        let Self { action, fired, occurred_at, expires_at, representations, body, before, outcome } = self;
        let facts = outcome.facts;
        let event = lifecycle::event_of(firing.kind, &firing.resource_id, resource);
        let happening = Happening { action, user: firing.user.as_deref(), event: event.as_deref() };
        let circumstances = Circumstances::between(before.as_ref(), &facts, 0);
        let late_by_seconds = fired.late_by_seconds;
        let new_action = NewAction {
            name: action.clone(),
            version: facts.version,
            user: firing.user.clone(),
            occurred_at,
            expires_at,
            representations,
            changes: None,
            matched: matched(organization, happening, circumstances),
            fired: Some(fired),
        };
        let becomes_state = outcome.body == BodyChange::Replaced;
        let firings = becomes_state
            .then(|| firings_of(organization, firing.kind, &facts, resource, firing.user.as_ref()))
            .flatten();
        let change = ResourceChange {
            kind: firing.kind,
            resource_id: firing.resource_id.clone(),
            expected: before.map(|facts| facts.version),
            facts,
            stores_body: becomes_state,
            body,
            actions: vec![new_action],
            firings,
        };
        Decision::Fire { change: Box::new(change), late_by_seconds }
    }
}
