//! A server on a store in a temporary directory, a fixed clock, and answers in a form that can be compared.

mod answer;
mod delivery;
pub(crate) mod doo;
pub(crate) mod joinable;
pub(crate) mod log;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{Request, header};
use rendezhook_delivery::clock::Clock;
use rendezhook_domain::target::{AddressRule, TargetPolicy};
use rendezhook_domain::time::Timestamp;
use rendezhook_graphql::GraphQl;
use rendezhook_intake::Intake;
use rendezhook_secrets::{ApiKey, KeyEncryptionKey, KeyHash, SystemRandomness};
use rendezhook_server::{Server, ServerOptions, ServerState};
use rendezhook_store::Store;
use rendezhook_store::change::CatalogueChange;
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) use self::answer::Answer;

/// When every test takes place.
pub(crate) const NOW: &str = "2026-01-15T09:30:00.000Z";

/// A clock that stands still until it is moved.
pub(crate) struct FixedClock(AtomicI64);

impl FixedClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst))
    }
}

/// A server with its admin key.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) server: Server,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) admin: String,
    _directory: tempfile::TempDir,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with_options(ServerOptions::default()).await
    }

    pub(crate) async fn with_options(options: ServerOptions) -> Self {
        log::collect();
        let directory = tempfile::tempdir().unwrap();
        let key_encryption_key = KeyEncryptionKey::generate(&mut SystemRandomness).unwrap();
        let (store, feed) =
            SqliteStore::open(SqliteOptions::new(directory.path(), key_encryption_key)).unwrap();
        let store: Arc<dyn Store> = store;
        let admin = ApiKey::generate(&mut SystemRandomness).unwrap().reveal().to_owned();
        store.change(CatalogueChange::SetAdminKey(KeyHash::of_presented(&admin))).await.unwrap().unwrap();

        let now: Timestamp = NOW.parse().unwrap();
        let clock = Arc::new(FixedClock(AtomicI64::new(now.milliseconds())));
        let graphql = GraphQl::new(Arc::clone(&store)).unwrap();
        let delivery =
            delivery::handle(Arc::clone(&store), feed, graphql.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
        let intake = Arc::new(Intake::new(Arc::clone(&store)));
        let state = ServerState::new(
            Arc::clone(&store),
            intake,
            graphql,
            delivery,
            Arc::clone(&clock) as Arc<dyn Clock>,
            options,
        );
        let server = Server::new(state);
        Self { router: server.router(), server, store, clock, admin, _directory: directory }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Sends a request with a key and, unless it is null, a JSON body.
    pub(crate) async fn call(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Answer {
        self.call("GET", path, key, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        self.call("POST", path, key, body).await
    }

    /// Makes an organization; answers with its id and a key of scope admin.
    pub(crate) async fn organization(&self, name: &str) -> (String, String) {
        let made = self.post("/api/v1/organizations", &self.admin, json!({ "name": name })).await;
        let id = made.member("/id");
        let key = self.key(&id, "admin", None).await;
        (id, key)
    }

    /// Makes a key.
    pub(crate) async fn key(&self, organization: &str, scope: &str, user: Option<&str>) -> String {
        let path = format!("/api/v1/organizations/{organization}/keys");
        let request = json!({ "name": scope, "scope": scope, "user": user });
        self.post(&path, &self.admin, request).await.member("/key")
    }

    /// Makes a subscription to everything; answers with its id.
    pub(crate) async fn subscription(&self, key: &str, target_url: &str) -> String {
        let request = json!({ "target_url": target_url, "actions": ["*"] });
        self.post("/api/v1/subscriptions", key, request).await.member("/id")
    }

    /// Publishes one confirmed event; answers with the action's id.
    pub(crate) async fn publish_event(&self, key: &str, id: &str) -> String {
        let item = json!({
            "action": "event.confirmed", "resource_kind": "event", "resource_id": id,
            "resource": { "title": "Appointment", "confirmed": { "flag": true } }
        });
        self.post("/api/v1/actions", key, item).await.member("/actions/0/id")
    }
}

/// The options of a development server: http to loopback is taken.
pub(crate) fn development() -> ServerOptions {
    ServerOptions {
        target_policy: TargetPolicy::new(AddressRule::public().allowing_loopback()),
        ..ServerOptions::default()
    }
}
