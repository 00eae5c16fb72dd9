//! Watching the deliveries until all have ended.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rendezhook_receive::listener::Call;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::api::Api;
use super::deliveries::{Deliveries, Delivery, Names};
use super::failure::DemoError;
use super::ledger::Ledger;
use super::live::LiveLines;
use crate::command::output;
use crate::command::terminal::Terminal;

/// How often the table is drawn.
const INTERVAL: Duration = Duration::from_millis(100);
/// When what has not ended counts as lost: the slowest delivery takes three seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Shows the deliveries until so many have ended, or a minute is over. Gives them, oldest first.
pub(super) async fn until_ended(
    matched: u64,
    api: &Api,
    names: &Names,
    calls: &mut mpsc::Receiver<(&'static str, Call)>,
    ledger: &mut Ledger,
    terminal: Terminal,
) -> Result<Vec<Delivery>, DemoError> {
    let deadline = Instant::now() + TIMEOUT;
    let mut live = LiveLines::default();
    let mut told = HashMap::new();
    loop {
        let mut deliveries = api.read::<Deliveries>("/api/v1/deliveries?limit=100").await?.items;
        deliveries.reverse();
        // Read after the list: a delivery that the list shows as ended has been called for before.
        while let Ok((receiver, call)) = calls.try_recv() {
            ledger.note(receiver, &call);
        }
        if terminal.is_live() {
            live.draw(&names.table(&deliveries, Timestamp::now(), terminal));
        } else {
            tell_news(&deliveries, names, &mut told);
        }
        let ended = deliveries.iter().filter(|delivery| !delivery.is_waiting()).count();
        let all_ended = u64::try_from(ended).is_ok_and(|ended| ended >= matched);
        if all_ended || Instant::now() >= deadline {
            return Ok(deliveries);
        }
        sleep(INTERVAL).await;
    }
}

/// Prints a line for each delivery that had another attempt since it was told last.
fn tell_news(deliveries: &[Delivery], names: &Names, told: &mut HashMap<String, u16>) {
    for delivery in deliveries {
        let before = told.insert(delivery.id.clone(), delivery.attempts).unwrap_or(0);
        if delivery.attempts > before {
            output::line(names.line(delivery));
        }
    }
}
