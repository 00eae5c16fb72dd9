//! A publisher that remembers the answer to every request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::client::Client;
use crate::ledger::{ActionName, Ledger, Publication};

/// Resources a publisher works on at the same time.
const OPEN_RESOURCES: u64 = 20;
/// Actions after which a resource is left and a new one begun.
const ACTIONS_OF_A_RESOURCE: u32 = 6;
/// Actions in a batch.
const BATCH: usize = 20;

/// Where the server is now, if it runs.
pub type ServerAddress = watch::Receiver<Option<std::net::SocketAddr>>;

/// Publishes without pause, one request after the other, until told to stop.
pub struct Publisher {
    number: u64,
    key: String,
    ledger: Arc<Mutex<Ledger>>,
    server: ServerAddress,
    stop: watch::Receiver<bool>,
    random: ChaCha8Rng,
    pause: Duration,
    /// The resources it works on, each with the number of its actions so far.
    open: Vec<(u64, u32)>,
    next_resource: u64,
    next_request: u64,
}

impl Publisher {
    /// A publisher with resources of its own.
    #[must_use]
    pub fn new(
        number: u64,
        key: String,
        ledger: Arc<Mutex<Ledger>>,
        server: ServerAddress,
        stop: watch::Receiver<bool>,
        seed: u64,
    ) -> Self {
        let first = number * 1_000_000_000;
        Self {
            number,
            key,
            ledger,
            server,
            stop,
            random: ChaCha8Rng::seed_from_u64(seed),
            pause: Duration::from_millis(10),
            open: (first..first + OPEN_RESOURCES).map(|resource| (resource, 0)).collect(),
            next_resource: first + OPEN_RESOURCES,
            next_request: 0,
        }
    }

    /// Publishes until told to stop.
    pub async fn run(mut self) {
        while !*self.stop.borrow() {
            let Some(mut client) = self.connect().await else {
                return;
            };
            while !*self.stop.borrow() && self.publish_once(&mut client).await {
                tokio::time::sleep(self.pause).await;
            }
        }
    }

    /// Waits until the server runs; `None` when there is nothing more to do.
    async fn connect(&mut self) -> Option<Client> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            let address = *self.server.borrow_and_update();
            if let Some(address) = address {
                return Some(Client::new(address, &self.key));
            }
            tokio::select! {
                changed = self.server.changed() => changed.ok()?,
                changed = self.stop.changed() => changed.ok()?,
            }
        }
    }

    /// One request, repeated under its idempotency key when there was no answer, in half of the cases. Tells whether the
    /// connection is still good.
    async fn publish_once(&mut self, client: &mut Client) -> bool {
        let size = if self.random.random_bool(0.1) { BATCH } else { 1 };
        let actions: Vec<ActionName> = (0..size).map(|_| self.next_action()).collect();
        let body = Value::Array(actions.iter().map(item).collect());
        self.next_request += 1;
        let idempotency_key = format!("publisher-{}-{}", self.number, self.next_request);
        self.note(&actions, Publication::Unanswered);
        if self.send(client, &idempotency_key, &body, &actions).await {
            return true;
        }
        if !self.random.random_bool(0.5) {
            return false;
        }
        loop {
            let Some(mut client) = self.connect().await else {
                return false;
            };
            if self.send(&mut client, &idempotency_key, &body, &actions).await {
                return false;
            }
            // The address is that of the killed server until the next one has come up.
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Sends a request and notes its answer; tells whether there was one.
    async fn send(&self, client: &mut Client, key: &str, body: &Value, actions: &[ActionName]) -> bool {
        let Ok(answer) = client.call(Method::POST, "/api/v1/actions", Some(key), Some(body)).await else {
            return false;
        };
        if answer.status.is_server_error() {
            return false;
        }
        let accepted = answer.status.is_success();
        self.note(actions, if accepted { Publication::Acknowledged } else { Publication::Refused });
        true
    }

    fn note(&self, actions: &[ActionName], publication: Publication) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        for action in actions {
            ledger.published(*action, publication);
        }
    }

    /// The next action of one of the open resources.
    fn next_action(&mut self) -> ActionName {
        let chosen = self.random.random_range(0..self.open.len());
        let Some((resource, places)) = self.open.get_mut(chosen) else {
            return ActionName { resource: self.next_resource, place: 1 };
        };
        *places += 1;
        let action = ActionName { resource: *resource, place: *places };
        if *places >= ACTIONS_OF_A_RESOURCE {
            (*resource, *places) = (self.next_resource, 0);
            self.next_resource += 1;
        }
        action
    }
}

fn item(action: &ActionName) -> Value {
    json!({
        "action": if action.place == 1 { "event.created" } else { "event.updated" },
        "resource_kind": "event",
        "resource_id": format!("booking-{}", action.resource),
        "resource": {
            "title": format!("Booking {}", action.resource),
            "ledger": {"resource": action.resource, "place": action.place},
            "dates": [{"all_day": false, "date": "2027-01-20T14:00:00.000Z", "end_date": "2027-01-20T15:00:00.000Z"}],
            "invitees": [{"full_name": "Jean Dupont", "email": "jean.dupont@example.com"}],
        },
    })
}
