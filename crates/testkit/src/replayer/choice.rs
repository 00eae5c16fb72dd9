//! What a replay is asked for: deliveries by their ids, or all of a subscription in a stretch of time.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde_json::{Value, json};

use super::Replayer;
use crate::repetitions::AskedBy;

/// How many deliveries are named at most: a page of the list.
const NAMED: std::ops::RangeInclusive<u64> = 20..=100;
/// How long ago a stretch of time ended, in milliseconds: long enough that nothing is accepted within it any more.
const ENDED_BEFORE: std::ops::Range<i64> = 2_000..8_000;
/// How long a stretch of time is, in milliseconds.
const LENGTH: std::ops::Range<i64> = 200..1_000;

/// A replay that may be asked for, and what it has to hand over.
pub(super) struct Choice {
    pub(super) by: AskedBy,
    pub(super) request: Value,
    pub(super) deliveries: Vec<String>,
}

impl Replayer {
    /// Chooses; `None` when the run is over.
    pub(super) async fn choose(&mut self) -> Option<Choice> {
        if self.random.random_bool(0.5)
            && let Some(choice) = self.stretch().await?
        {
            return Some(choice);
        }
        let limit = self.random.random_range(NAMED);
        let items = self.listed(&format!("state=delivered&limit={limit}")).await?.0;
        let deliveries: Vec<String> = items.iter().filter_map(original).collect();
        Some(Choice { by: AskedBy::Ids, request: json!({ "deliveries": deliveries }), deliveries })
    }

    /// A stretch of time in which nothing of a subscription waits, so that it is known what the server will select.
    async fn stretch(&mut self) -> Option<Option<Choice>> {
        let all =
            self.caller.until_answered(Method::GET, "/api/v1/subscriptions?limit=100", None, None).await?;
        let subscriptions = all.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        if subscriptions.is_empty() {
            return Some(None);
        }
        let chosen = self.random.random_range(0..subscriptions.len());
        let subscription =
            subscriptions.get(chosen).and_then(|subscription| subscription.get("id")?.as_str());
        let until = Timestamp::now() - SignedDuration::from_millis(self.random.random_range(ENDED_BEFORE));
        let since = until - SignedDuration::from_millis(self.random.random_range(LENGTH));
        let Some(subscription) = subscription else { return Some(None) };
        let stretch = format!("subscription={subscription}&from={since}&until={until}&limit=100");
        if !self.listed(&format!("{stretch}&state=waiting")).await?.0.is_empty() {
            return Some(None);
        }
        let mut deliveries: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let (items, next) = self.listed(&format!("{stretch}&state=delivered{cursor}")).await?;
            deliveries.extend(items.iter().filter_map(original));
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let request = json!({
            "subscription": subscription, "state": "all",
            "since": since.to_string(), "until": until.to_string(),
        });
        Some(Some(Choice { by: AskedBy::Stretch, request, deliveries }))
    }

    /// A page of the list of deliveries, and where the next one begins.
    async fn listed(&mut self, query: &str) -> Option<(Vec<Value>, Option<String>)> {
        let path = format!("/api/v1/deliveries?{query}");
        let page = self.caller.until_answered(Method::GET, &path, None, None).await?.body;
        let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
        Some((items, next))
    }
}

/// The id of a delivery, which is its `webhook-id`; `None` for a replay, which has that of another.
fn original(delivery: &Value) -> Option<String> {
    let is_original = delivery.get("repeats").is_none_or(Value::is_null);
    delivery.get("id").filter(|_| is_original)?.as_str().map(str::to_owned)
}
