//! Going through the stored resources that are pushed anew.

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_store::Store;
use rendezhook_store::read::{ListedResource, ResourceQuery};

use super::{MAXIMUM_RE_PUSHED, RePush};
use crate::error::PublishError;

/// How many resources are looked at for one request. Most of them may be orders of events that are not asked for.
const MAXIMUM_LOOKED_AT: usize = 100_000;

/// A walk through the resources that may be asked for, page by page.
pub(super) struct Walk<'a> {
    store: &'a dyn Store,
    wanted: &'a RePush,
    /// What the next page is asked for by; `None` at the end.
    next: Option<ResourceQuery>,
    looked_at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a dyn Store, wanted: &'a RePush) -> Self {
        let first = ResourceQuery {
            kind: wanted.kind,
            after: None,
            occurred_after: wanted.changed_from,
            occurred_before: wanted.changed_before,
            limit: ResourceQuery::MAXIMUM_LIMIT,
        };
        Self { store, wanted, next: Some(first), looked_at: 0 }
    }

    /// The next resources, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ListedResource>>, PublishError> {
        let Some(query) = self.next.take() else { return Ok(None) };
        if let (ResourceKind::Event, Some(event)) = (self.wanted.kind, &self.wanted.event) {
            return self.one(event).await.map(Some);
        }
        let page = self.store.resources(self.wanted.organization, &query).await?;
        self.looked_at += page.resources.len();
        if self.looked_at > MAXIMUM_LOOKED_AT {
            return Err(PublishError::TooManyToPush { limit: MAXIMUM_RE_PUSHED });
        }
        self.next = page.next.map(|last| ResourceQuery { after: Some(last), ..query });
        Ok(Some(page.resources))
    }

    /// A single event needs no search.
    async fn one(&self, event: &str) -> Result<Vec<ListedResource>, PublishError> {
        let Ok(id) = ResourceId::new(event) else { return Ok(Vec::new()) };
        let stored = self.store.resource(self.wanted.organization, self.wanted.kind, &id).await?;
        let Some((facts, body)) = stored.and_then(|stored| stored.body.map(|body| (stored.facts, body)))
        else {
            return Ok(Vec::new());
        };
        let changed_at = facts.occurred_at;
        let in_time = self.wanted.changed_from.is_none_or(|from| changed_at >= from)
            && self.wanted.changed_before.is_none_or(|before| changed_at < before);
        Ok(in_time.then_some(ListedResource { id, facts, body }).into_iter().collect())
    }
}
