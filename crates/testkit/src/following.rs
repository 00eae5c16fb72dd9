//! Following a replay to its end.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::caller::Caller;

/// How long a replay may take after the last kill.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// Looks at a replay until it is through and nothing of it waits; `None` when the run is over, within what is wrong with its end. It
/// was asked for so many deliveries, and has a bounded time after the last kill.
pub(crate) async fn follow(
    caller: &mut Caller,
    stop: &watch::Receiver<bool>,
    id: &str,
    asked: u64,
) -> Option<Result<(), String>> {
    let path = format!("/api/v1/replays/{id}");
    let mut stopped_at = None;
    loop {
        let shown = caller.until_answered(Method::GET, &path, None, None).await?.body;
        let count = |member: &str| shown.get(member).and_then(Value::as_u64);
        if is(&shown, "done") && count("waiting") == Some(0) {
            let as_asked = [count("selected"), count("made"), count("delivered")] == [Some(asked); 3];
            return Some(if as_asked { Ok(()) } else { Err(format!("{id} of {asked} ended as {shown}")) });
        }
        if *stop.borrow() {
            let stopped_at = stopped_at.get_or_insert_with(Instant::now);
            if stopped_at.elapsed() > PATIENCE {
                return Some(Err(format!("{id} is under way still: {shown}")));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a replay is in a state.
pub(crate) fn is(replay: &Value, state: &str) -> bool {
    replay.get("state").and_then(Value::as_str) == Some(state)
}
