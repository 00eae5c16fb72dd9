//! One execution of a query: whose resources it sees, what it has read and used up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_store::read::{ResourcePage, ResourceQuery};
use rendezhook_store::{Store, StoreError};
use tokio::sync::OnceCell;

use crate::budget::Budget;
use crate::error::QueryError;
use crate::resource::Resource;

type Found = Arc<OnceCell<Option<Arc<Resource>>>>;

/// What the fields of one execution share. It reads the resources of one organization and no other.
pub(crate) struct Execution {
    store: Arc<dyn Store>,
    organization: OrganizationNumber,
    pub(crate) budget: Budget,
    /// Resources that were asked for by id, so that each is read once.
    by_id: Mutex<HashMap<(ResourceKind, ResourceId), Found>>,
    /// One reads at a time, so that no more than a page is in memory beside what is kept.
    reading: tokio::sync::Mutex<()>,
    failure: Mutex<Option<StoreError>>,
    refusal: OnceLock<QueryError>,
}

impl Execution {
    pub(crate) fn new(store: Arc<dyn Store>, organization: OrganizationNumber) -> Self {
        Self {
            store,
            organization,
            budget: Budget::default(),
            by_id: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            failure: Mutex::default(),
            refusal: OnceLock::new(),
        }
    }

    /// Why the store could not be read, if so. What was answered is not to be used then.
    pub(crate) fn take_failure(&self) -> Option<StoreError> {
        lock(&self.failure).take()
    }

    /// Refuses the query for what only its execution shows; the first refusal is told.
    pub(crate) fn refuse(&self, error: QueryError) {
        self.refusal.get_or_init(|| error);
    }

    /// Why the query is not answered, if so.
    pub(crate) fn refusal(&self) -> Option<QueryError> {
        let used_up = self.budget.used_up().map(|used_up| QueryError::new(used_up.to_string()));
        self.refusal.get().cloned().or(used_up)
    }

    /// The resource with this id; `None` when there is none or the execution has failed.
    pub(crate) async fn resource(&self, kind: ResourceKind, id: ResourceId) -> Option<Arc<Resource>> {
        let found = Arc::clone(lock(&self.by_id).entry((kind, id.clone())).or_default());
        found.get_or_init(|| self.read_resource(kind, id)).await.clone()
    }

    async fn read_resource(&self, kind: ResourceKind, id: ResourceId) -> Option<Arc<Resource>> {
        let _turn = self.reading.lock().await;
        if self.has_failed() {
            return None;
        }
        let stored = self.kept(self.store.resource(self.organization, kind, &id).await)??;
        let resource = Resource::new(id, stored.facts, stored.body?);
        self.budget.read(resource.bytes()).then(|| Arc::new(resource))
    }

    /// A page of resources; `None` when the execution has failed.
    pub(crate) async fn page(&self, query: &ResourceQuery) -> Option<ResourcePage> {
        let _turn = self.reading.lock().await;
        if self.has_failed() {
            return None;
        }
        let page = self.kept(self.store.resources(self.organization, query).await)?;
        let bytes = page.resources.iter().map(|resource| resource.body.len()).sum();
        self.budget.read(bytes).then_some(page)
    }

    fn has_failed(&self) -> bool {
        self.budget.used_up().is_some() || self.refusal.get().is_some() || lock(&self.failure).is_some()
    }

    /// Keeps the first failure of the store.
    fn kept<T>(&self, read: Result<T, StoreError>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                lock(&self.failure).get_or_insert(error);
                None
            }
        }
    }
}

/// What a lock holds is a whole value at every moment, also after a panic of its holder.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
