//! What the server itself says of its deliveries.

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::calls::{expect, text};
use super::{CrashError, locked};
use crate::client::Client;
use crate::ledger::Ledger;

/// Waits until everything acknowledged has arrived and nothing waits in the server, at most until the deadline.
pub(super) async fn settle(
    ledger: &Mutex<Ledger>,
    receivers: usize,
    client: &mut Client,
    deadline: Instant,
) -> Result<(), CrashError> {
    while Instant::now() < deadline {
        let waiting = expect(client, Method::GET, "/api/v1/deliveries?state=waiting&limit=1", None).await?;
        let none_waits = waiting.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if none_waits && locked(ledger).is_settled(receivers) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // What is missing at the deadline is for the check to name.
    Ok(())
}

/// Counts the deliveries that the server lists: delivered, and in any other state.
pub(super) async fn count_listed(client: &mut Client) -> Result<(usize, usize), CrashError> {
    let mut counts = (0, 0);
    let mut cursor = String::new();
    loop {
        let page =
            expect(client, Method::GET, &format!("/api/v1/deliveries?limit=100{cursor}"), None).await?;
        for delivery in page.get("items").and_then(Value::as_array).into_iter().flatten() {
            if text(delivery, "state") == "delivered" { counts.0 += 1 } else { counts.1 += 1 }
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(counts),
        }
    }
}
