//! Asks for replays of what was delivered, and follows each to its end; some it cancels half way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::sync::watch;

use self::choice::Choice;
use crate::caller::Caller;
use crate::following::{LOOK, follow, is};
use crate::publisher::ServerAddress;
use crate::repetitions::{Cancelled, Repetitions};

mod choice;

/// How many deliveries of a replay become due in a second: each takes about as long as the server lives.
const RATES: std::ops::Range<u64> = 40..200;
/// How many of a replay that is to be cancelled: the rest would come for long after that.
const SLOW_RATES: std::ops::Range<u64> = 3..10;
/// How many replays are cancelled, of one.
const CANCELLED: f64 = 0.35;
/// After how many milliseconds one is cancelled.
const CANCELLED_AFTER: std::ops::Range<u64> = 50..2_500;

/// Asks for one replay after the other until told to stop.
pub struct Replayer {
    caller: Caller,
    repetitions: Arc<Mutex<Repetitions>>,
    stop: watch::Receiver<bool>,
    random: ChaCha8Rng,
    requests: u64,
}

impl Replayer {
    /// A replayer of an organization, with a key that may manage its subscriptions.
    #[must_use]
    pub fn new(
        key: &str,
        repetitions: Arc<Mutex<Repetitions>>,
        server: ServerAddress,
        stop: watch::Receiver<bool>,
        seed: u64,
    ) -> Self {
        Self {
            caller: Caller::new(key, server),
            repetitions,
            stop,
            random: ChaCha8Rng::seed_from_u64(seed),
            requests: 0,
        }
    }

    /// Replays until told to stop; the replay that is under way then is followed to its end.
    pub async fn run(mut self) {
        while !*self.stop.borrow() {
            if self.replay_once().await.is_none() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// One replay, from the choice of deliveries to its end; `None` when the run is over.
    async fn replay_once(&mut self) -> Option<()> {
        let Choice { by, mut request, deliveries } = self.choose().await?;
        if deliveries.is_empty() {
            return Some(());
        }
        self.requests += 1;
        self.repetitions().asked(by, &deliveries);
        let cancels = self.random.random_bool(CANCELLED);
        if let Value::Object(members) = &mut request {
            let rates = if cancels { SLOW_RATES } else { RATES };
            members.insert("rate".to_owned(), self.random.random_range(rates).into());
        }
        let came_before = self.repetitions().came(&deliveries);
        let key = format!("replay-{}", self.requests);
        let answered =
            self.caller.until_answered(Method::POST, "/api/v1/replays", Some(&key), Some(&request)).await?;
        let id = answered.body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !answered.status.is_success() || id.is_empty() {
            self.repetitions().refused();
            return Some(());
        }
        if cancels {
            return self.cancel(&id, &deliveries, came_before).await;
        }
        self.follow(&id, deliveries.len()).await
    }

    /// Cancels a replay after a while, and notes what had come by then. One that is through by then is followed instead.
    async fn cancel(&mut self, id: &str, deliveries: &[String], came_before: u32) -> Option<()> {
        let after = Duration::from_millis(self.random.random_range(CANCELLED_AFTER));
        tokio::time::sleep(after).await;
        let path = format!("/api/v1/replays/{id}/cancel");
        let mut shown = self.caller.until_answered(Method::POST, &path, None, None).await?.body;
        // Taking back goes step by step; it is confirmed when it is through.
        while is(&shown, "cancelling") {
            tokio::time::sleep(LOOK).await;
            let path = format!("/api/v1/replays/{id}");
            shown = self.caller.until_answered(Method::GET, &path, None, None).await?.body;
        }
        let at = Timestamp::now();
        if is(&shown, "done") {
            return self.follow(id, deliveries.len()).await;
        }
        let count = |member: &str| usize::try_from(shown.get(member)?.as_u64()?).ok();
        let ended = is(&shown, "cancelled") && count("waiting") == Some(0);
        let (Some(made), Some(handed_over), true) = (count("made"), count("delivered"), ended) else {
            self.repetitions().unfinished(format!("{id} was to be cancelled and is {shown}"));
            return Some(());
        };
        let came = self.repetitions().came(deliveries).saturating_sub(came_before);
        self.repetitions().cancelled(deliveries, Cancelled { made, handed_over, came, at });
        Some(())
    }

    /// Follows a replay to its end.
    async fn follow(&mut self, id: &str, deliveries: usize) -> Option<()> {
        let asked = u64::try_from(deliveries).unwrap_or(u64::MAX);
        if let Err(wrong) = follow(&mut self.caller, &self.stop, id, asked).await? {
            self.repetitions().unfinished(wrong);
        }
        Some(())
    }

    fn repetitions(&self) -> std::sync::MutexGuard<'_, Repetitions> {
        self.repetitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
