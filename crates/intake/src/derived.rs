//! Publishing a resource's new state: what happened is derived from the stored one.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::id::ActionId;
use rendezhook_domain::json::BorrowedJson;
use rendezhook_domain::lifecycle::{self, BodyChange, Change, Derivation, Stored};
use rendezhook_domain::matching::Happening;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::publish::{Matched, NewAction, Publish, PublishOutcome, Receipt, ResourceChange};

use crate::Intake;
use crate::check::checked;
use crate::error::PublishError;
use crate::explicit::entry;
use crate::follow::{expiry, firings_of};
use crate::matching::matched;
use crate::rounds::Rounds;
use crate::schema::Misfit;

/// The new state of a resource.
#[derive(Debug, Clone)]
pub struct NewState {
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The whole new state, a JSON object in UTF-8; `None` removes the resource.
    pub resource: Option<Bytes>,
    /// The user it concerns.
    pub user: Option<Arc<str>>,
    /// When it changed; now when `None`.
    pub occurred_at: Option<Timestamp>,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// The version the caller looked at; another one refuses the change. 0: the resource must not exist.
    pub if_version: Option<u64>,
}

/// What a new state led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAnswer {
    /// The resource's version now.
    pub version: u64,
    /// What happened, in order; empty when the state is the stored one.
    pub actions: Vec<DerivedAction>,
    /// What of the new state does not fit the schema of its kind; empty when its organization does not want to know.
    pub warnings: Vec<Misfit>,
}

/// One derived action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedAction {
    /// Its id.
    pub id: ActionId,
    /// What happened.
    pub name: ActionName,
    /// What changed: JSON pointers (RFC 6901) into the resource.
    pub changes: Vec<String>,
    /// How many deliveries it makes.
    pub deliveries: u32,
}

impl Intake {
    /// Commits a resource's new state, or its removal, with the actions derived from it.
    ///
    /// The stored state again derives nothing and commits nothing.
    ///
    /// # Errors
    /// When as many deliveries of the organization wait as may, the state is refused by its schema, the named version is not the stored one, a removed resource does not exist, the body is no JSON object, others
    /// change the same resource without end, or the store failed. Nothing is changed then.
    pub async fn put(
        &self,
        organization: OrganizationNumber,
        state: &NewState,
        now: Timestamp,
    ) -> Result<PutAnswer, PublishError> {
        let resource: Option<BorrowedJson<'_>> = state
            .resource
            .as_ref()
            .map(|body| serde_json::from_slice(body))
            .transpose()
            .map_err(PublishError::NotAnObject)?;
        let occurred_at = state.occurred_at.unwrap_or(now);
        self.store.waiting().completed_soon().await;
        let schema_check = entry(&self.store.catalogue(), organization)?.organization.schema_check;
        let new_state = resource.iter().map(|resource| (state.kind, resource));
        let warnings = checked(schema_check, new_state)?.pop().unwrap_or_default();
        let mut rounds = Rounds::default();
        loop {
            let catalogue = self.store.catalogue();
            let organization_entry = entry(&catalogue, organization)?;
            let kept = self.store.resource(organization, state.kind, &state.resource_id).await?;
            let kept_body = kept.as_ref().and_then(|kept| kept.body.as_ref());
            // Of a removed resource only the facts are left; nothing is compared with its state.
            let kept_state: BorrowedJson<'_> = kept_body
                .map(|body| serde_json::from_slice(body))
                .transpose()
                .map_err(PublishError::NotAnObject)?
                .unwrap_or(BorrowedJson::Null);
            let stored = kept.as_ref().map(|kept| Stored { facts: kept.facts, resource: &kept_state });
            let existing = stored.as_ref().filter(|stored| !stored.facts.removed);
            check_version(state.if_version, existing.map_or(0, |stored| stored.facts.version))?;
            let change = match &resource {
                Some(resource) => Change::State(resource),
                None if existing.is_none() => return Err(PublishError::UnknownResource),
                None => Change::Removed,
            };
            let derivation = lifecycle::derive(state.kind, stored.as_ref(), change, occurred_at, now);
            let Some(derivation) = derivation else {
                let version = existing.map_or(0, |stored| stored.facts.version);
                return Ok(PutAnswer { version, actions: Vec::new(), warnings });
            };
            self.quota.check(self.store.waiting(), organization_entry, now)?;
            let body = state.resource.as_ref().or(kept_body).ok_or(PublishError::UnknownResource)?.clone();
            let described = resource.as_ref().unwrap_or(&kept_state);
            let event = lifecycle::event_of(state.kind, &state.resource_id, described);
            let before = existing.map(|stored| &stored.facts);
            let wanted_by = |name: &ActionName, place| {
                let happening =
                    Happening { action: name, user: state.user.as_deref(), event: event.as_deref() };
                let circumstances = Circumstances::between(before, &derivation.facts, place);
                matched(organization_entry, happening, circumstances)
            };
            let resource_change = ResourceChange {
                kind: state.kind,
                resource_id: state.resource_id.clone(),
                expected: kept.as_ref().map(|kept| kept.facts.version),
                facts: derivation.facts,
                stores_body: derivation.body == BodyChange::Replaced,
                body,
                actions: new_actions(state, &derivation, occurred_at, wanted_by, |name| {
                    expiry(organization_entry, state.expires_at, name, &derivation.facts, described, now)
                }),
                firings: firings_of(
                    organization_entry,
                    state.kind,
                    &derivation.facts,
                    described,
                    state.user.as_ref(),
                ),
            };
            let request = Publish {
                organization,
                catalogue: catalogue.version,
                accepted_at: now,
                idempotency: None,
                repetition_only: false,
                changes: vec![resource_change],
                scheduled: Vec::new(),
                firing: None,
            };
            match self.store.publish(request).await? {
                PublishOutcome::Committed(receipt) | PublishOutcome::Replayed(receipt) => {
                    let name = (organization, state.kind, state.resource_id.clone());
                    self.recent.remember(name, Some(derivation.facts));
                    self.warned.note(organization, state.kind, &state.resource_id, &warnings, now);
                    return Ok(answer(organization, derivation, &receipt, warnings));
                }
                // Nothing was scheduled, and nothing asked of a firing or a repetition.
                PublishOutcome::NotDue | PublishOutcome::TooManyScheduled | PublishOutcome::NotRepeated => {
                    return Err(PublishError::Contended);
                }
                PublishOutcome::KeyReused => return Err(PublishError::KeyReused),
                PublishOutcome::Stale(_) => rounds.stale()?,
                PublishOutcome::CatalogueChanged => rounds.catalogue_changed()?,
            }
        }
    }
}

fn check_version(named: Option<u64>, current: u64) -> Result<(), PublishError> {
    match named {
        Some(named) if named != current => Err(PublishError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn new_actions(
    state: &NewState,
    derivation: &Derivation,
    occurred_at: Timestamp,
    wanted_by: impl Fn(&ActionName, usize) -> Vec<Matched>,
    expires_at: impl Fn(&ActionName) -> Option<Timestamp>,
) -> Vec<NewAction> {
    // The last action makes the resource's version, those before it the versions before.
    let actions = u64::try_from(derivation.actions.len()).unwrap_or(u64::MAX);
    let first_version = derivation.facts.version.saturating_sub(actions).saturating_add(1);
    derivation
        .actions
        .iter()
        .zip(first_version..)
        .enumerate()
        .map(|(place, (derived, version))| NewAction {
            name: derived.name.clone(),
            version,
            user: state.user.clone(),
            occurred_at,
            expires_at: expires_at(&derived.name),
            representations: None,
            changes: pointers(&derived.changes),
            matched: wanted_by(&derived.name, place),
            fired: None,
        })
        .collect()
}

/// The pointers as a JSON array; `None` when nothing is named.
fn pointers(changes: &[String]) -> Option<Bytes> {
    if changes.is_empty() {
        return None;
    }
    serde_json::to_vec(changes).ok().map(Bytes::from)
}

fn answer(
    organization: OrganizationNumber,
    derivation: Derivation,
    receipt: &Receipt,
    warnings: Vec<Misfit>,
) -> PutAnswer {
    let actions = derivation
        .actions
        .into_iter()
        .zip(&receipt.actions)
        .map(|(derived, committed)| DerivedAction {
            id: ActionId::new(receipt.accepted_at, committed.sequence, organization),
            name: derived.name,
            changes: derived.changes,
            deliveries: committed.deliveries,
        })
        .collect();
    PutAnswer { version: derivation.facts.version, actions, warnings }
}
