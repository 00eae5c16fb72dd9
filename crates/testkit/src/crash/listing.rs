//! What the server itself says of its deliveries.

use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use super::calls::{expect, text};
use super::{CrashError, locked};
use crate::books::Books;
use crate::client::Client;

/// Waits until everything acknowledged has arrived and nothing waits in the server, at most until the deadline.
pub(super) async fn settle(
    books: &Books,
    receivers: usize,
    client: &mut Client,
    deadline: Instant,
) -> Result<(), CrashError> {
    while Instant::now() < deadline {
        let waiting = expect(client, Method::GET, "/api/v1/deliveries?state=waiting&limit=1", None).await?;
        let none_waits = waiting.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if none_waits && is_settled(books, receivers) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // What is missing at the deadline is for the check to name.
    Ok(())
}

/// Whether everything has arrived that has to. A second after the last time of the agenda nothing is on its way that was taken back.
fn is_settled(books: &Books, receivers: usize) -> bool {
    let a_second_ago = Timestamp::now() - SignedDuration::from_secs(1);
    locked(&books.agenda).is_settled(a_second_ago)
        && locked(&books.repetitions).is_settled()
        && locked(&books.backfills).is_settled()
        && locked(&books.ledger).is_settled(receivers)
}

/// The deliveries that a server lists.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) delivered: usize,
    pub(super) cancelled: usize,
    /// In any other state.
    pub(super) otherwise: usize,
}

/// Counts the deliveries that the server lists.
pub(super) async fn count_listed(client: &mut Client) -> Result<Listed, CrashError> {
    let mut listed = Listed::default();
    let mut cursor = String::new();
    loop {
        let page =
            expect(client, Method::GET, &format!("/api/v1/deliveries?limit=100{cursor}"), None).await?;
        for delivery in page.get("items").and_then(Value::as_array).into_iter().flatten() {
            match text(delivery, "state").as_str() {
                "delivered" => listed.delivered += 1,
                "cancelled" => listed.cancelled += 1,
                _ => listed.otherwise += 1,
            }
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(listed),
        }
    }
}
