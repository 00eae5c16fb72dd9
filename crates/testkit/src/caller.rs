//! Calls that are repeated until the server has answered them, however often it is killed meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::client::Client;
use crate::publisher::ServerAddress;

/// The time between two tries: the address is that of the killed server until the next one has come up.
const PAUSE: Duration = Duration::from_millis(10);

/// Calls the server with one key.
pub(crate) struct Caller {
    key: String,
    server: ServerAddress,
    client: Option<Client>,
}

/// An answer for good: no server error, and no word that there is too much to do.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// Whether there were tries without an answer before, of which any may have been acted on.
    pub(crate) repeated: bool,
}

impl Caller {
    pub(crate) fn new(key: &str, server: ServerAddress) -> Self {
        Self { key: key.to_owned(), server, client: None }
    }

    /// Calls until there is an answer for good; `None` when the run is over.
    pub(crate) async fn until_answered(
        &mut self,
        method: Method,
        path: &str,
        idempotency_key: Option<&str>,
        body: Option<&Value>,
    ) -> Option<Answered> {
        let mut repeated = false;
        loop {
            let mut client = match self.client.take() {
                Some(client) => client,
                None => Client::new(self.address().await?, &self.key),
            };
            match client.call(method.clone(), path, idempotency_key, body).await {
                // It was not acted on, and is worth another try.
                Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => {
                    self.client = Some(client);
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(answer) if !answer.status.is_server_error() => {
                    self.client = Some(client);
                    return Some(Answered { status: answer.status, body: answer.body, repeated });
                }
                _ => {
                    repeated = true;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn address(&mut self) -> Option<SocketAddr> {
        loop {
            if let Some(address) = *self.server.borrow_and_update() {
                return Some(address);
            }
            self.server.changed().await.ok()?;
        }
    }
}
