//! Publishing actions as they are named.

use std::collections::HashMap;

use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::json::BorrowedJson;
use rendezhook_domain::lifecycle::{self, BodyChange, ExplicitOutcome};
use rendezhook_domain::matching::Happening;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry};
use rendezhook_store::firing::NewScheduled;
use rendezhook_store::publish::{
    IdempotencyClaim, NewAction, Publish, PublishOutcome, Receipt, ResourceChange, StaleResource,
};

use crate::Intake;
use crate::check::checked;
use crate::error::PublishError;
use crate::follow::{expiry, firings_of};
use crate::item::Item;
use crate::later::{self, immediate};
use crate::matching::matched;
use crate::recent::ResourceName;
use crate::rounds::Rounds;
use crate::schema::Misfit;

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Each action that is delivered at once, in the order of the request.
    pub receipt: Receipt,
    /// What of each resource does not fit the schema of its kind, in the order of the request. Empty lists when it fits and when
    /// its organization does not want to know.
    pub warnings: Vec<Vec<Misfit>>,
    /// The request had been committed before under its idempotency key; nothing new happened.
    pub replayed: bool,
}

impl Intake {
    /// Commits actions as they are named: all of them or none.
    ///
    /// Resources are first compared with the schemas of their kinds, if the organization wants it. Each action then
    /// stores its resource, unless what happened is older than the stored state or is delivered later. When this returns, everything is durable.
    ///
    /// # Errors
    /// When as many deliveries of the organization wait as may, an item is wrong or refused by its schema, the idempotency key was used for another request, others change the same resources without end,
    /// or the store failed. Nothing is published then.
    pub async fn publish(
        &self,
        organization: OrganizationNumber,
        items: &[Item],
        idempotency: Option<IdempotencyClaim>,
        now: Timestamp,
    ) -> Result<Published, PublishError> {
        self.store.waiting().completed_soon().await;
        let (schema_check, full) = {
            let catalogue = self.store.catalogue();
            let entry = entry(&catalogue, organization)?;
            let full = self.quota.check(self.store.waiting(), entry, now).err();
            (entry.organization.schema_check, full)
        };
        let full = match full {
            // What was accepted before is still accepted, which only the store knows.
            Some(full) if idempotency.is_none() => return Err(full),
            full => full,
        };
        check(items)?;
        later::check(items, now)?;
        let parsed = parse(items)?;
        let resources = items.iter().zip(&parsed).map(|(item, resource)| (item.kind, resource));
        let warnings = checked(schema_check, resources)?;
        let mut rounds = Rounds::default();
        loop {
            let catalogue = self.store.catalogue();
            let changes = self.decide(entry(&catalogue, organization)?, items, &parsed, now);
            let decided_facts: Vec<Facts> = changes.iter().map(|change| change.facts).collect();
            let request = Publish {
                organization,
                catalogue: catalogue.version,
                accepted_at: now,
                idempotency: idempotency.clone(),
                repetition_only: full.is_some(),
                changes,
                scheduled: later::scheduled(items),
                firing: None,
            };
            match self.store.publish(request).await? {
                PublishOutcome::Committed(receipt) => {
                    for (item, facts) in immediate(items).zip(decided_facts) {
                        self.recent.remember(name_of(organization, item), Some(facts));
                    }
                    for (item, misfits) in items.iter().zip(&warnings) {
                        self.warned.note(organization, item.kind, &item.resource_id, misfits, now);
                    }
                    return Ok(Published { receipt, warnings, replayed: false });
                }
                PublishOutcome::Replayed(receipt) => {
                    return Ok(Published { receipt, warnings, replayed: true });
                }
                PublishOutcome::TooManyScheduled => {
                    return Err(PublishError::TooManyScheduled { limit: NewScheduled::MAXIMUM_WAITING });
                }
                PublishOutcome::NotRepeated => return Err(full.unwrap_or(PublishError::Contended)),
                // Nothing was asked of a firing.
                PublishOutcome::NotDue => return Err(PublishError::Contended),
                PublishOutcome::KeyReused => return Err(PublishError::KeyReused),
                PublishOutcome::Stale(stale) => {
                    rounds.stale()?;
                    self.correct(organization, items, stale);
                }
                PublishOutcome::CatalogueChanged => rounds.catalogue_changed()?,
            }
        }
    }

    /// Decides what the items do, from what is remembered of their resources and from each other.
    fn decide(
        &self,
        organization: &OrganizationEntry,
        items: &[Item],
        parsed: &[BorrowedJson<'_>],
        now: Timestamp,
    ) -> Vec<ResourceChange> {
        let number = organization.organization.number;
        let several = items.len() > 1;
        let mut within_request: HashMap<ResourceName, Facts> = HashMap::new();
        let mut changes = Vec::with_capacity(items.len());
        let at_once = items.iter().zip(parsed).filter(|(item, _)| item.later.is_none());
        for (item, resource) in at_once {
            let name = name_of(number, item);
            let before = within_request.get(&name).copied().or_else(|| self.recent.recall(&name));
            let occurred_at = item.occurred_at.unwrap_or(now);
            let ExplicitOutcome { facts, body } =
                lifecycle::facts_after_explicit(item.kind, before, resource, &item.action, occurred_at, now);
            let circumstances = Circumstances::between(before.as_ref(), &facts, 0);
            let event = lifecycle::event_of(item.kind, &item.resource_id, resource);
            let happening =
                Happening { action: &item.action, user: item.user.as_deref(), event: event.as_deref() };
            let action = NewAction {
                name: item.action.clone(),
                version: facts.version,
                user: item.user.clone(),
                occurred_at,
                expires_at: expiry(organization, item.expires_at, &item.action, &facts, resource, now),
                representations: item.representations.clone(),
                changes: None,
                matched: matched(organization, happening, circumstances),
                fired: None,
            };
            let stores_body = body == BodyChange::Replaced;
            // The firings of a state that is older than the stored one mean nothing.
            let firings = stores_body
                .then(|| firings_of(organization, item.kind, &facts, resource, item.user.as_ref()))
                .flatten();
            changes.push(ResourceChange {
                kind: item.kind,
                resource_id: item.resource_id.clone(),
                expected: before.map(|facts| facts.version),
                facts,
                stores_body,
                body: item.resource.clone(),
                actions: vec![action],
                firings,
            });
            if several {
                within_request.insert(name, facts);
            }
        }
        changes
    }

    /// Takes over the facts that the store has where others were expected.
    fn correct(&self, organization: OrganizationNumber, items: &[Item], stale: Vec<StaleResource>) {
        for StaleResource { change, facts } in stale {
            if let Some(item) = immediate(items).nth(change) {
                self.recent.remember(name_of(organization, item), facts);
            }
        }
    }
}

/// The organization's part of the catalogue.
pub(crate) fn entry(
    catalogue: &Catalogue,
    organization: OrganizationNumber,
) -> Result<&OrganizationEntry, PublishError> {
    catalogue.organization(organization).map(AsRef::as_ref).ok_or(PublishError::UnknownOrganization)
}

fn name_of(organization: OrganizationNumber, item: &Item) -> ResourceName {
    (organization, item.kind, item.resource_id.clone())
}

fn check(items: &[Item]) -> Result<(), PublishError> {
    for (index, item) in items.iter().enumerate() {
        if item.action.is_notice() {
            let reason = format!("{} is a notice of the server's own; it cannot be published", item.action);
            return Err(PublishError::InvalidItem { index, pointer: "/action", reason });
        }
        if item.action.kind() != Some(item.kind) {
            let reason = format!(
                "the action {} is not one of {} resources; both have to name the same kind",
                item.action, item.kind
            );
            return Err(PublishError::InvalidItem { index, pointer: "/resource_kind", reason });
        }
    }
    Ok(())
}

fn parse(items: &[Item]) -> Result<Vec<BorrowedJson<'_>>, PublishError> {
    let mut parsed = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let value = serde_json::from_slice(&item.resource).map_err(|error| PublishError::InvalidItem {
            index,
            pointer: "/resource",
            reason: error.to_string(),
        })?;
        parsed.push(value);
    }
    Ok(parsed)
}
