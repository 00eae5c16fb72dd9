//! What handlers work with.

use std::sync::Arc;

use rendezhook_delivery::clock::Clock;
use rendezhook_delivery::runtime::DeliveryHandle;
use rendezhook_domain::time::Timestamp;
use rendezhook_graphql::GraphQl;
use rendezhook_intake::Intake;
use rendezhook_store::Store;
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::change::CatalogueChange;

use crate::body::BodyMemory;
use crate::failure::Failure;
use crate::options::ServerOptions;

/// What a [`Server`](crate::Server) works with. Cheap to clone.
#[derive(Clone)]
pub struct ServerState {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The one way in for what is published.
    pub intake: Arc<Intake>,
    /// Answers questions about resources.
    pub graphql: GraphQl,
    /// The delivery side.
    pub delivery: DeliveryHandle,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What the operator set.
    pub options: Arc<ServerOptions>,
    pub(crate) body_memory: BodyMemory,
}

impl ServerState {
    /// Puts together what a server works with.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        intake: Arc<Intake>,
        graphql: GraphQl,
        delivery: DeliveryHandle,
        clock: Arc<dyn Clock>,
        options: ServerOptions,
    ) -> Self {
        let body_memory = BodyMemory::new(options.bodies.memory_bytes);
        Self { store, intake, graphql, delivery, clock, options: Arc::new(options), body_memory }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Changes the catalogue and answers with the new one.
    pub(crate) async fn change(&self, change: CatalogueChange) -> Result<Arc<Catalogue>, Failure> {
        Ok(self.store.change(change).await??)
    }
}

impl std::fmt::Debug for ServerState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServerState").field("options", &self.options).finish_non_exhaustive()
    }
}
