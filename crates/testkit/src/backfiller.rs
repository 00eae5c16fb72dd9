//! Publishes to one subscription, and has new ones get everything since: all that it got.

use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::backfills::{Backfills, Message};
use crate::caller::{Answered, Caller};
use crate::following::{LOOK, follow};
use crate::publisher::ServerAddress;

/// The action of its messages, which nobody else publishes.
pub const ARCHIVED: &str = "event.archived";
/// How many resources are published before each backfill.
const RESOURCES: std::ops::Range<u64> = 10..40;
/// How many rounds back "since" lies at the most.
const ROUNDS: usize = 4;
/// How many deliveries of a backfill become due in a second: each takes about as long as the server lives.
const RATES: std::ops::Range<u64> = 30..150;

/// The subscription whose messages new ones get.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its id.
    pub subscription: String,
    /// Its target. Those of new subscriptions lie below it.
    pub target: String,
    /// Its secret, which new ones get too.
    pub secret: String,
}

/// Publishes and backfills, one after the other, until told to stop.
pub struct Backfiller {
    caller: Caller,
    source: Source,
    backfills: Arc<Mutex<Backfills>>,
    stop: watch::Receiver<bool>,
    random: ChaCha8Rng,
    requests: u64,
    /// When the last rounds began, and the first resource of each.
    rounds: Vec<(Timestamp, u64)>,
}

impl Backfiller {
    /// A backfiller of an organization, with a key that may publish and manage its subscriptions.
    #[must_use]
    pub fn new(
        key: &str,
        source: Source,
        backfills: Arc<Mutex<Backfills>>,
        server: ServerAddress,
        stop: watch::Receiver<bool>,
        seed: u64,
    ) -> Self {
        Self {
            caller: Caller::new(key, server),
            source,
            backfills,
            stop,
            random: ChaCha8Rng::seed_from_u64(seed),
            requests: 0,
            rounds: Vec::new(),
        }
    }

    /// Backfills until told to stop; what is under way then is followed to its end.
    pub async fn run(mut self) {
        while !*self.stop.borrow() {
            if self.round().await.is_none() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// One round, from what is published to the end of the backfill; `None` when the run is over.
    async fn round(&mut self) -> Option<()> {
        self.publish().await?;
        let chosen = self.random.random_range(0..self.rounds.len());
        let (since, from) = *self.rounds.get(chosen)?;
        let (number, messages) = self.backfills().promised(from);
        let Some(new) = self.subscribe(number).await? else {
            self.backfills().unfinished(format!("subscription {number} was refused"));
            return Some(());
        };
        let request = json!({
            "subscription": self.source.subscription, "to": new, "since": since.to_string(),
            "rate": self.random.random_range(RATES),
        });
        let made = self.post("/api/v1/replays", &request).await?.body;
        let Some(id) = made.get("id").and_then(Value::as_str) else {
            self.backfills().unfinished(format!("a backfill was refused: {made}"));
            return Some(());
        };
        self.follow(id, messages).await?;
        // What is published from here on is not for it.
        self.delete(&new).await
    }

    /// Publishes the messages of some resources.
    async fn publish(&mut self) -> Option<()> {
        // In whole milliseconds, as the server keeps the time of acceptance.
        let since = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).ok()?;
        let count = self.random.random_range(RESOURCES);
        let first = self.backfills().publishing(count);
        let resources = first..first + count;
        let items: Vec<Value> = (1..=Message::PLACES)
            .flat_map(|place| resources.clone().map(move |resource| item(Message { resource, place })))
            .collect();
        let answered = self.post("/api/v1/actions", &Value::Array(items)).await?;
        if !answered.status.is_success() {
            self.backfills().unfinished(format!("publishing was refused: {}", answered.body));
        }
        self.rounds.push((since, first));
        if self.rounds.len() > ROUNDS {
            self.rounds.remove(0);
        }
        Some(())
    }

    /// Makes a subscription with the secret of the source; `None` within when it was refused.
    async fn subscribe(&mut self, number: u64) -> Option<Option<String>> {
        let target = format!("{}/{number}", self.source.target);
        let body =
            json!({ "target_url": target, "actions": [ARCHIVED], "retry_schedule_seconds": vec![1; 20] });
        self.post("/api/v1/subscriptions", &body).await?;
        // Each try without an answer may have made one: the first stays. Nothing is published meanwhile.
        let all =
            self.caller.until_answered(Method::GET, "/api/v1/subscriptions?limit=100", None, None).await?;
        let items = all.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_new = |one: &&Value| one.get("target_url").and_then(Value::as_str) == Some(&target);
        let ids = items.iter().filter(is_new).filter_map(|one| one.get("id")?.as_str().map(str::to_owned));
        let mut ids = ids.collect::<Vec<_>>().into_iter();
        let Some(id) = ids.next() else { return Some(None) };
        for another in ids {
            self.delete(&another).await?;
        }
        let path = format!("/api/v1/subscriptions/{id}/secret/rotate");
        let secret = json!({ "secret": self.source.secret, "overlap_seconds": 0 });
        self.caller.until_answered(Method::POST, &path, None, Some(&secret)).await?;
        Some(Some(id))
    }

    async fn delete(&mut self, subscription: &str) -> Option<()> {
        let path = format!("/api/v1/subscriptions/{subscription}");
        self.caller.until_answered(Method::DELETE, &path, None, None).await?;
        Some(())
    }

    /// Follows a backfill to its end.
    async fn follow(&mut self, id: &str, messages: u64) -> Option<()> {
        if let Err(wrong) = follow(&mut self.caller, &self.stop, id, messages).await? {
            self.backfills().unfinished(wrong);
        }
        Some(())
    }

    /// A request that is repeated until it is answered, under a key of its own.
    async fn post(&mut self, path: &str, body: &Value) -> Option<Answered> {
        self.requests += 1;
        let key = format!("backfill-{}", self.requests);
        self.caller.until_answered(Method::POST, path, Some(&key), Some(body)).await
    }

    fn backfills(&self) -> std::sync::MutexGuard<'_, Backfills> {
        self.backfills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn item(message: Message) -> Value {
    let Message { resource, place } = message;
    json!({
        "action": ARCHIVED, "resource_kind": "event", "resource_id": format!("archived-{resource}"),
        "resource": { "title": "Archived", "archive": { "resource": resource, "place": place } },
    })
}
