//! A store on disk with resources in it, and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_graphql::{Answer, GraphQl, Outcome, Query};
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::Store;
use rendezhook_store::contract::Fixture;
use rendezhook_store::contract::world::{Change, World, at, change};
use rendezhook_store::feed::{FeedLimits, FeedReceiver};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use tokio::time::Instant;

struct Directory(tempfile::TempDir);

#[async_trait]
impl Fixture for Directory {
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let options = SqliteOptions { feed, ..SqliteOptions::new(self.0.path(), key) };
        let (store, feed) = SqliteStore::open(options).unwrap();
        (store, feed)
    }
}

pub(crate) struct Stored {
    pub(crate) world: World,
    pub(crate) organization: OrganizationNumber,
    pub(crate) graphql: GraphQl,
    _directory: Directory,
}

impl Stored {
    pub(crate) async fn empty() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        let graphql = GraphQl::new(Arc::clone(&world.store)).unwrap();
        Self { world, organization, graphql, _directory: directory }
    }

    pub(crate) async fn with(resources: &[(ResourceKind, &str, Value)]) -> Self {
        let stored = Self::empty().await;
        for (kind, id, state) in resources {
            stored.put(*kind, id, state.clone()).await;
        }
        stored
    }

    /// Stores a resource that was last changed at second 1.
    pub(crate) async fn put(&self, kind: ResourceKind, id: &str, state: Value) {
        self.put_at(kind, id, state, 1).await;
    }

    pub(crate) async fn put_at(&self, kind: ResourceKind, id: &str, state: Value, seconds: i64) {
        self.put_text(kind, id, state.to_string(), seconds).await;
    }

    pub(crate) async fn put_text(&self, kind: ResourceKind, id: &str, body: String, seconds: i64) {
        let state = Change { body: Bytes::from(body), ..change(id, None, &[]) };
        let mut request = self.world.request(self.organization, vec![state]);
        request.changes[0].kind = kind;
        request.changes[0].facts.occurred_at = at(seconds);
        self.world.commit(request).await;
    }

    pub(crate) async fn answer(&self, query: &str, variables: Value) -> Answer {
        self.answer_to(self.organization, query, variables).await
    }

    pub(crate) async fn answer_to(
        &self,
        organization: OrganizationNumber,
        query: &str,
        variables: Value,
    ) -> Answer {
        let query = json!({ "query": query, "variables": variables });
        let query: Query = serde_json::from_value(query).unwrap();
        self.graphql.execute(organization, &query, Instant::now() + Duration::from_secs(60)).await
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.answer(query, variables).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(matches!(answer.outcome, Outcome::Complete), "{body:#}");
        assert!(body.get("errors").is_none());
        body["data"].clone()
    }

    /// Why a query is refused, with its place.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> String {
        let answer = self.answer(query, variables).await;
        assert!(answer.is_failed());
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(body.get("data").is_none(), "{body:#}");
        let Outcome::Refused(error) = answer.outcome else { panic!("another outcome: {body:#}") };
        assert_eq!(body["errors"][0]["message"], error.message);
        if let Some(position) = error.position {
            let place = json!({ "line": position.line, "column": position.column });
            assert_eq!(body["errors"][0]["locations"][0], place);
        }
        error.to_string()
    }
}
