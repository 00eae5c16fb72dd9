//! The server: the routers of all surfaces behind one port.

mod connections;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use tokio::net::TcpListener;

use crate::documents::OpenApiText;
use crate::exchange::exchange;
use crate::failure::{Failure, FailureKind};
use crate::state::ServerState;
use crate::{documents, doo, graphql, health, native, openapi, simplymeet, vyte};

/// The HTTP server: everything that clients of every surface ask for.
#[derive(Debug, Clone)]
pub struct Server {
    state: ServerState,
}

impl Server {
    /// A server that works with `state`.
    #[must_use]
    pub const fn new(state: ServerState) -> Self {
        Self { state }
    }

    /// All routes, without a port: what tests talk to.
    pub fn router(&self) -> Router {
        let (described, mut api) =
            native::routes().merge(graphql::routes()).merge(health::routes()).split_for_parts();
        let (documents, documents_api) = documents::routes().split_for_parts();
        api.merge(documents_api);
        let openapi = OpenApiText(openapi::document(api, &self.state.options));
        Router::new()
            .merge(described)
            .merge(documents.layer(Extension(openapi)))
            .merge(vyte::routes())
            .merge(simplymeet::routes())
            .merge(doo::routes())
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(unknown_path)
            .layer(from_fn_with_state(self.state.clone(), exchange))
            .with_state(self.state.clone())
    }

    /// Answers requests on `listener` until `shutdown` is ready; then no new connection is taken and requests under way are
    /// waited for, at most [`stop_grace`](crate::ConnectionLimits::stop_grace).
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        let limits = self.state.options.connections;
        connections::serve(listener, Arc::new(self.router()), limits, shutdown).await;
    }
}

async fn unknown_path() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "there is nothing at this path; /api/openapi.json lists what there is",
    )
}

async fn method_not_allowed() -> Failure {
    Failure::new(
        FailureKind::MethodNotAllowed,
        "this path does not take that method; the header Allow names those it takes",
    )
}
