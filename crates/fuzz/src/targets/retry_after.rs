//! `Retry-After`.

use std::time::Duration;

use rendezhook_domain::outcome::retry_after;
use rendezhook_domain::time::Timestamp;

use super::{Target, holds};

pub(super) const TARGET: Target = Target {
    name: "retry_after",
    words: &[
        "120",
        "0",
        "-1",
        "1.5",
        "inf",
        "NaN",
        "1e9",
        "Fri, 31 Dec 1999 23:59:59 GMT",
        "Friday, 31-Dec-99 23:59:59 GMT",
        "Fri Dec 31 23:59:59 1999",
        "GMT",
        " +0100",
        "Thu, 01 Jan 2032 00:00:00 GMT",
        "29 Feb",
        "24:00:00",
        "23:59:60",
    ],
    judge,
};

/// The most that is waited for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When the answer came: a second of 2032 that is no round one.
const NOW: i64 = 1_956_528_123_456;

fn judge(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let now = Timestamp::from_milliseconds(NOW);
    let wait = retry_after(&text, now);
    if let Some(wait) = wait {
        holds(!wait.is_zero() && wait <= LONGEST, || format!("{wait:?} is waited for"))?;
    }
    if let Ok(seconds) = text.trim().parse::<u32>() {
        let expected = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)).min(LONGEST));
        holds(wait == expected, || format!("{seconds} seconds are read as {wait:?}"))?;
    }
    holds(retry_after(&format!(" {text} "), now) == wait, || "spaces around it matter".to_owned())?;
    // A date is an instant: what is left to wait shrinks by what has passed.
    let later = Timestamp::from_milliseconds(NOW + 1_000);
    let is_date = text.contains(':');
    if let (true, Some(wait), Some(after)) = (is_date, wait, retry_after(&text, later)) {
        let shrunk = wait == LONGEST || wait.checked_sub(Duration::from_secs(1)) == Some(after);
        holds(shrunk, || format!("{wait:?} is {after:?} a second later"))?;
    }
    Ok(match wait {
        None => format!("nothing, {} words", text.split_whitespace().count().min(9)),
        Some(LONGEST) => format!("the longest, date: {is_date}"),
        Some(wait) => format!("{} minutes, date: {is_date}", wait.as_secs() / 60),
    })
}
