//! Calls of the demo's own server, over HTTP as everybody else makes them.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::DemoError;
use crate::client::{ApiClient, Body, ServerConnection};

/// The server with a key of the demo organization. Cheap to clone.
#[derive(Clone)]
pub(super) struct Api {
    client: Arc<ApiClient>,
}

impl Api {
    pub(super) fn new(address: SocketAddr, key: &str) -> Result<Self, DemoError> {
        let server = format!("http://{address}");
        let connection = ServerConnection { server, key: Some(key.to_owned()) };
        Ok(Self { client: Arc::new(ApiClient::new(&connection)?) })
    }

    /// The client itself, for a thread that may wait.
    pub(super) fn client(&self) -> Arc<ApiClient> {
        Arc::clone(&self.client)
    }

    /// Reads something.
    pub(super) async fn read<Answer: DeserializeOwned>(&self, path: &str) -> Result<Answer, DemoError> {
        self.call("GET", path, None).await
    }

    /// Makes something.
    pub(super) async fn make<Answer: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<Answer, DemoError> {
        self.call("POST", path, Some(body)).await
    }

    /// The client waits for its answers, so it is called on a thread for that.
    async fn call<Answer: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, DemoError> {
        let client = self.client();
        let asked = path.to_owned();
        let answer = tokio::task::spawn_blocking(move || match &body {
            Some(body) => client.call(method, &asked, &Body::Json(body)),
            None => client.call(method, &asked, &Body::Empty),
        });
        let answer = answer.await??;
        serde_json::from_value(answer)
            .map_err(|source| DemoError::Answer { call: format!("{method} {path}"), source })
    }
}
