//! The server that is measured: `rendezhook serve` on a data directory of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rendezhook_secrets::{ApiKey, SystemRandomness};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::failure::BenchError;
use super::part::Service;
use super::process::{self, Memory};
use super::stamp;
use crate::client::{ApiClient, Body, Connection, ServerConnection};

/// The file with the server's log, beside its data.
const LOG: &str = "log";
/// How long the server may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take to record what has arrived.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Calls that prepare a step, at once.
const CALLS_AT_ONCE: usize = 32;
/// How much of the log is shown when something failed, in bytes.
const SHOWN_LOG: usize = 4_000;

/// A running server. Dropping it ends the process and removes its data.
pub(super) struct Server {
    // Before the directory, so that the process ends first.
    process: Service,
    directory: TempDir,
    /// Where it listens.
    pub(super) address: SocketAddr,
    admin_key: String,
}

/// The data of a server whose process was killed.
pub(super) struct Killed {
    directory: TempDir,
    admin_key: String,
}

/// An organization of the server, with what calls need.
pub(super) struct Organization {
    client: Arc<ApiClient>,
    /// The `Authorization` header of its publisher.
    pub(super) authorization: String,
    /// The subscription whose deliveries must not wait at the end of a step; all of them when `None`.
    settles: Option<String>,
}

impl Server {
    /// Starts a server with its data in a new directory inside `place`, and waits until it listens.
    pub(super) async fn start(place: &Path) -> Result<Self, BenchError> {
        let unusable = |source| BenchError::Data { path: place.to_owned(), source };
        let directory =
            tempfile::Builder::new().prefix("rendezhook-bench-").tempdir_in(place).map_err(unusable)?;
        let admin_key = ApiKey::generate(&mut SystemRandomness)?.reveal().to_owned();
        let (process, address) = launch(directory.path(), &admin_key).await?;
        Ok(Self { process, directory, address, admin_key })
    }

    /// Kills the process and leaves its data.
    pub(super) async fn kill(self) -> Killed {
        let Self { process, directory, admin_key, .. } = self;
        process.end().await;
        Killed { directory, admin_key }
    }

    fn client(&self, organization: Option<String>) -> Result<ApiClient, BenchError> {
        let server = format!("http://{}", self.address);
        let server = ServerConnection { server, key: Some(self.admin_key.clone()) };
        Ok(ApiClient::for_organization(&Connection { server, organization })?)
    }

    /// The process, for `/proc`.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its memory now, and the most it was since the peak was forgotten.
    pub(super) fn memory(&self) -> Result<Memory, BenchError> {
        process::memory(self.id()).map_err(BenchError::Process)
    }

    /// Makes the next peak belong to what follows.
    pub(super) fn forget_peak(&self) -> Result<(), BenchError> {
        process::forget_peak(self.id()).map_err(BenchError::Process)
    }

    /// This organization with the operator's key, which acts for every organization that a request names.
    pub(super) fn operator(&self, id: &str) -> Result<Organization, BenchError> {
        let authorization = format!("Bearer {}", self.admin_key);
        Ok(Organization { client: Arc::new(self.client(Some(id.to_owned()))?), authorization, settles: None })
    }

    /// Makes an organization with a key for everything.
    pub(super) async fn managed_organization(&self, name: &str) -> Result<Organization, BenchError> {
        self.organization_with(name, "admin").await
    }

    /// Makes so many organizations, several at a time, each with a subscription to everything that leads to this receiver.
    /// Tells their ids.
    pub(super) async fn organizations(
        &self,
        count: u64,
        receiver: SocketAddr,
    ) -> Result<Vec<String>, BenchError> {
        let operator = Arc::new(self.client(None)?);
        let (mut making, mut made) = (JoinSet::new(), Vec::new());
        for number in 0..count {
            let operator = Arc::clone(&operator);
            making.spawn(async move {
                let name = json!({"name": format!("Organization {number}")});
                let organization = call(&operator, "POST", "/api/v1/organizations", Some(name)).await?;
                let id = text(&organization, "POST /api/v1/organizations", "id")?;
                let path = format!("/api/v1/subscriptions?organization_id={id}");
                let target_url = format!("http://{receiver}/organizations/{number}");
                let subscription = json!({"target_url": target_url, "actions": ["event.*"]});
                call(&operator, "POST", &path, Some(subscription)).await?;
                Ok::<_, BenchError>(id)
            });
            if making.len() >= CALLS_AT_ONCE
                && let Some(id) = making.join_next().await
            {
                made.push(id??);
            }
        }
        while let Some(id) = making.join_next().await {
            made.push(id??);
        }
        Ok(made)
    }

    /// Makes an organization with a key for publishing.
    pub(super) async fn organization(&self, name: &str) -> Result<Organization, BenchError> {
        self.organization_with(name, "publisher").await
    }

    async fn organization_with(&self, name: &str, scope: &str) -> Result<Organization, BenchError> {
        let operator = Arc::new(self.client(None)?);
        let made = call(&operator, "POST", "/api/v1/organizations", Some(json!({"name": name}))).await?;
        let id = text(&made, "POST /api/v1/organizations", "id")?;
        let authorization = make_key(&operator, &id, scope).await?;
        Ok(Organization { client: Arc::new(self.client(Some(id))?), authorization, settles: None })
    }

    /// Ends the process, waits until it is gone and removes its data.
    pub(super) async fn stop(self) {
        self.process.end().await;
        // What cannot be removed is left in a directory for temporary files.
        let _ = self.directory.close();
    }
}

impl Killed {
    /// Starts another process on the data and waits until it listens. Tells when it was started.
    pub(super) async fn start_again(self) -> Result<(Server, u64), BenchError> {
        let Self { directory, admin_key } = self;
        let started_at = stamp::now();
        let (process, address) = launch(directory.path(), &admin_key).await?;
        Ok((Server { process, directory, address, admin_key }, started_at))
    }
}

/// Makes a key of this organization; tells the `Authorization` header that carries it.
async fn make_key(operator: &Arc<ApiClient>, id: &str, scope: &str) -> Result<String, BenchError> {
    let keys = format!("/api/v1/organizations/{id}/keys");
    let key = call(operator, "POST", &keys, Some(json!({"name": "bench", "scope": scope}))).await?;
    Ok(format!("Bearer {}", text(&key, "POST /api/v1/organizations/{id}/keys", "key")?))
}

impl Organization {
    /// Subscribes a receiver to everything that is published.
    pub(super) async fn subscribe(
        &self,
        receiver: SocketAddr,
        retries: Option<&[u64]>,
    ) -> Result<(), BenchError> {
        self.subscribe_to("event.*", receiver, retries).await?;
        Ok(())
    }

    /// Subscribes a receiver to actions of this name or pattern. Tells the id of the subscription.
    pub(super) async fn subscribe_to(
        &self,
        actions: &str,
        receiver: SocketAddr,
        retries: Option<&[u64]>,
    ) -> Result<String, BenchError> {
        let mut subscription = json!({"target_url": format!("http://{receiver}/hook"), "actions": [actions]});
        if let (Some(members), Some(seconds)) = (subscription.as_object_mut(), retries) {
            members.insert("retry_schedule_seconds".to_owned(), json!(seconds));
        }
        let made = call(&self.client, "POST", "/api/v1/subscriptions", Some(subscription)).await?;
        text(&made, "POST /api/v1/subscriptions", "id")
    }

    /// From now on a step has ended when no delivery of this subscription waits, whatever waits elsewhere.
    pub(super) fn settle_only(&mut self, subscription: String) {
        self.settles = Some(subscription);
    }

    /// Waits until no delivery is waiting: until everything that arrived is recorded.
    pub(super) async fn settle(&self) -> Result<(), BenchError> {
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        while self.has_waiting().await? {
            if Instant::now() >= deadline {
                return Err(BenchError::Unsettled { seconds: SETTLE_TIMEOUT.as_secs() });
            }
            sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    async fn has_waiting(&self) -> Result<bool, BenchError> {
        let only = self.settles.as_ref().map(|id| format!("&subscription={id}")).unwrap_or_default();
        let path = format!("/api/v1/deliveries?state=waiting&limit=1{only}");
        let page = call(&self.client, "GET", &path, None).await?;
        let missing = BenchError::Answer { call: "GET /api/v1/deliveries", member: "items" };
        let items = page.get("items").and_then(Value::as_array).ok_or(missing)?;
        Ok(!items.is_empty())
    }
}

/// Starts the server on the data in this directory and waits until it listens; tells where.
async fn launch(directory: &Path, admin_key: &str) -> Result<(Service, SocketAddr), BenchError> {
    let data = directory.join("data").display().to_string();
    // Failed attempts alone keep their exchange, as in production; --dev is what allows receivers on loopback.
    let arguments = [
        "serve",
        "--listen=127.0.0.1:0",
        "--data",
        &data,
        "--dev=true",
        "--exchange-log=failures",
        "--log=warn",
    ];
    let log = directory.join(LOG);
    let mut process = Service::start("server", &arguments, ("RENDEZHOOK_ADMIN_KEY", admin_key), &log)?;
    let address = process.announced("listening on http://", START_TIMEOUT).await;
    let Some(address) = address.and_then(|text| text.parse().ok()) else {
        return Err(BenchError::Start { said: end_of(&log) });
    };
    Ok((process, address))
}

/// The client waits for its answers, so it is called on a thread for that.
async fn call(
    client: &Arc<ApiClient>,
    method: &'static str,
    path: &str,
    body: Option<Value>,
) -> Result<Value, BenchError> {
    let (client, path) = (Arc::clone(client), path.to_owned());
    let answer = tokio::task::spawn_blocking(move || match &body {
        Some(body) => client.call(method, &path, &Body::Json(body)),
        None => client.call(method, &path, &Body::Empty),
    });
    Ok(answer.await??)
}

fn text(answer: &Value, call: &'static str, member: &'static str) -> Result<String, BenchError> {
    let text = answer.get(member).and_then(Value::as_str);
    text.map(str::to_owned).ok_or(BenchError::Answer { call, member })
}

/// The end of a log.
fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let shown = text.get(text.len().saturating_sub(SHOWN_LOG)..).unwrap_or_default();
    String::from_utf8_lossy(shown).into_owned()
}
