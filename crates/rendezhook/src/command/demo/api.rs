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
    key: Arc<str>,
    organization: Arc<str>,
}

impl Api {
    pub(super) fn new(address: SocketAddr, key: &str, organization: &str) -> Result<Self, DemoError> {
        let server = format!("http://{address}");
        let connection = ServerConnection { server, key: Some(key.to_owned()) };
        Ok(Self {
            client: Arc::new(ApiClient::new(&connection)?),
            key: key.into(),
            organization: organization.into(),
        })
    }

    /// The id of the demo organization.
    pub(super) fn organization(&self) -> &str {
        &self.organization
    }

    /// The client itself, for a thread that may wait.
    pub(super) fn client(&self) -> Arc<ApiClient> {
        Arc::clone(&self.client)
    }

    /// Reads something.
    pub(super) async fn read<Answer: DeserializeOwned>(&self, path: &str) -> Result<Answer, DemoError> {
        self.call("GET", path, None, self.bearer()).await
    }

    /// Makes something.
    pub(super) async fn make<Answer: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<Answer, DemoError> {
        self.call("POST", path, Some(body), self.bearer()).await
    }

    /// Makes something through an API that takes its key in a header of its own, and perhaps a token beside it.
    pub(super) async fn make_with_key<Answer: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
        token: Option<&str>,
    ) -> Result<Answer, DemoError> {
        let mut headers = vec![("x-api-key", self.key.to_string())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        self.call("POST", path, Some(body), headers).await
    }

    /// Reads something through such an API.
    pub(super) async fn read_with_key<Answer: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
    ) -> Result<Answer, DemoError> {
        let headers = vec![("x-api-key", self.key.to_string()), ("authorization", format!("Bearer {token}"))];
        self.call("GET", path, None, headers).await
    }

    fn bearer(&self) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Bearer {}", self.key))]
    }

    /// The client waits for its answers, so it is called on a thread for that.
    async fn call<Answer: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Answer, DemoError> {
        let client = self.client();
        let asked = path.to_owned();
        let answer = tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let body = body.as_ref().map_or(Body::Empty, Body::Json);
            client.call_with(method, &asked, &body, &headers)
        });
        let answer = answer.await??;
        serde_json::from_value(answer)
            .map_err(|source| DemoError::Answer { call: format!("{method} {path}"), source })
    }
}
