//! What the end of an attempt means for its delivery: the outcome table.
//!
//! Receivers answer 400, 401 and 404 in broken deploys, so nearly every failure is retried; the exceptions are those by which
//! a receiver says that it wants this delivery, or all of them, no more.

use std::time::Duration;

use crate::cause::{Cause, Fault};
use crate::retry::MAXIMUM_RETRY_AFTER;
use crate::stage::Stage;
use crate::time::Timestamp;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered; the verdict comes from its status line.
    Answered(Answer),
    /// There is no answer to judge.
    Failed(Cause),
}

/// What matters of a receiver's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` asks for, counted from the answer.
    pub retry_after: Option<Duration>,
    /// What the header `webhook-delivery` asks for.
    pub wish: Option<ReceiverWish>,
}

/// What a receiver can say in the header `webhook-delivery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiverWish {
    /// `disable`: no more deliveries to this subscription.
    Disable,
    /// `abort-message`: no more attempts of this delivery.
    AbortMessage,
}

impl ReceiverWish {
    /// Reads the header's value; other values mean nothing.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        match value.trim() {
            "disable" => Some(Self::Disable),
            "abort-message" => Some(Self::AbortMessage),
            _ => None,
        }
    }
}

/// The verdict over an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Delivered.
    Success {
        /// The receiver wants no more deliveries of this subscription.
        disable: bool,
    },
    /// Not delivered.
    Failure(Failure),
}

/// How a failed attempt goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The delivery ends here: the receiver refused it.
    pub refused: bool,
    /// The receiver answered 410: it wants nothing more at this URL.
    pub gone: bool,
    /// The receiver is overloaded: wait at least a minute.
    pub overloaded: bool,
    /// The whole endpoint should be left alone for that long.
    pub hold_endpoint: Option<Duration>,
    /// What `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    /// The failure says something about the endpoint as a whole, not only about this subscription's use of it.
    pub counts_against_endpoint: bool,
    /// The attempt does not count: it was never made.
    pub costs_nothing: bool,
    /// Whose fault it is.
    pub fault: Fault,
}

impl Outcome {
    /// Judges the end of an attempt.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Answered(answer) => answer.verdict(),
            Self::Failed(cause) => Verdict::Failure(Failure {
                refused: false,
                gone: false,
                overloaded: cause.is_overload(),
                hold_endpoint: None,
                retry_after: None,
                counts_against_endpoint: cause.fault() == Fault::Receiver,
                costs_nothing: cause == Cause::Busy,
                fault: cause.fault(),
            }),
        }
    }

    /// Judges an attempt that ended at this stage. What a token endpoint or an origin does says nothing about the receiver: it
    /// neither refuses a delivery nor disables a subscription, and does not count against the endpoint.
    #[must_use]
    pub fn verdict_at(self, stage: Stage) -> Verdict {
        match (self.verdict(), stage) {
            (verdict, Stage::Target) => verdict,
            (Verdict::Failure(failure), Stage::Token | Stage::Origin) => {
                let about_delivery = Failure {
                    refused: false,
                    gone: false,
                    hold_endpoint: None,
                    counts_against_endpoint: false,
                    ..failure
                };
                Verdict::Failure(about_delivery)
            }
            // A success there is what the delivery went on from; ending with it means that nothing came of it.
            (Verdict::Success { .. }, Stage::Token | Stage::Origin) => {
                Self::Failed(Cause::Internal).verdict_at(stage)
            }
        }
    }

    /// Whether the attempt delivered.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self.verdict(), Verdict::Success { .. })
    }
}

impl Answer {
    fn verdict(self) -> Verdict {
        if (200..300).contains(&self.status) {
            return Verdict::Success { disable: self.wish == Some(ReceiverWish::Disable) };
        }
        let overloaded = matches!(self.status, 429 | 502 | 503 | 504);
        let asks_for_pause = matches!(self.status, 429 | 503);
        let gone = self.status == 410;
        Verdict::Failure(Failure {
            refused: gone || self.wish == Some(ReceiverWish::AbortMessage),
            gone,
            overloaded,
            hold_endpoint: if asks_for_pause { self.retry_after } else { None },
            retry_after: self.retry_after,
            counts_against_endpoint: asks_for_pause,
            costs_nothing: false,
            fault: Fault::Receiver,
        })
    }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, fractions tolerated, or one of the three date forms.
///
/// Capped at 24 hours. A value of zero, in the past or unreadable asks for nothing.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds > 0.0 => {
            Duration::from_secs_f64(seconds.min(MAXIMUM_RETRY_AFTER.as_secs_f64()))
        }
        Ok(_) => return None,
        Err(_) => http_date(value)?.since(now),
    };
    if wait.is_zero() { None } else { Some(wait.min(MAXIMUM_RETRY_AFTER)) }
}

/// Reads IMF-fixdate, RFC 850 and asctime dates. The day of the week is not checked: it carries nothing.
fn http_date(value: &str) -> Option<Timestamp> {
    use jiff::civil::DateTime;
    let fixdate = |text: &str| DateTime::strptime("%d %b %Y %H:%M:%S GMT", text).ok();
    let rfc_850 = |text: &str| DateTime::strptime("%d-%b-%y %H:%M:%S GMT", text).ok();
    let asctime = |text: &str| DateTime::strptime("%b %e %H:%M:%S %Y", text).ok();
    let parsed = match value.split_once(", ") {
        Some((_day, rest)) => fixdate(rest).or_else(|| rfc_850(rest)),
        None => value.split_once(' ').and_then(|(_day, rest)| asctime(rest.trim_start())),
    };
    let instant = parsed?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_milliseconds(instant.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests;
