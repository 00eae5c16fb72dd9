//! What a listener answers, and the small language it is told in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The longest delay of an answer.
pub const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// One answer of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, 200–599.
    pub status: u16,
    /// How long the answer is held back, up to [`LONGEST_DELAY`].
    pub delay: Duration,
    /// The `Retry-After` header in seconds, if there is one.
    pub retry_after_seconds: Option<u32>,
}

impl Answer {
    /// An answer at once without `Retry-After`.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self { status, delay: Duration::ZERO, retry_after_seconds: None }
    }
}

/// The answers of a listener in order; the last one repeats for ever.
///
/// Written as text, answers are separated by commas:
///
/// ```text
/// script  = answer *( "," answer )
/// answer  = status [ ":" delay ] [ "@" seconds ]
/// status  = 200 to 599
/// delay   = number ( "ms" | "s" | "m" )     at most 10m; a number may have decimals
/// seconds = whole number                    sent as Retry-After
/// ```
///
/// For example `500,500,200` fails twice, `200:1.5s` answers after a second and a half, and
/// `429@30,503:250ms@5,200` asks for patience twice before it accepts.
///
/// ```
/// use rendezhook_receive::listener::AnswerScript;
///
/// let script: AnswerScript = "500,503:250ms@5,200".parse()?;
/// assert_eq!(script.answer(1).retry_after_seconds, Some(5));
/// assert_eq!(script.answer(1000).status, 200);
/// # Ok::<(), rendezhook_receive::listener::AnswerScriptError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerScript {
    leading: Vec<Answer>,
    last: Answer,
}

impl AnswerScript {
    /// Always the same answer.
    #[must_use]
    pub const fn always(answer: Answer) -> Self {
        Self { leading: Vec::new(), last: answer }
    }

    /// The answer to the call with this index, counted from 0.
    #[must_use]
    pub fn answer(&self, index: usize) -> Answer {
        self.leading.get(index).copied().unwrap_or(self.last)
    }
}

impl Default for AnswerScript {
    /// 200 at once.
    fn default() -> Self {
        Self::always(Answer::status(200))
    }
}

impl FromStr for AnswerScript {
    type Err = AnswerScriptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let answers: Result<Vec<Answer>, _> = text.split(',').map(|item| parse_answer(item.trim())).collect();
        let mut leading = answers?;
        let last = leading.pop().ok_or(AnswerScriptError::Empty)?;
        Ok(Self { leading, last })
    }
}

/// What is wrong with the text of an [`AnswerScript`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AnswerScriptError {
    /// An answer is missing: the text is empty, or a comma has nothing on one side.
    #[error("an answer is missing: write statuses separated by commas, for example `500,500,200`")]
    Empty,
    /// The status is not 200–599.
    #[error("`{0}` is not a status from 200 to 599: write for example `500` or `200:1.5s`")]
    Status(String),
    /// The delay is not a number with a unit.
    #[error("`{0}` is not a delay: write a number with `ms`, `s` or `m`, for example `250ms` or `1.5s`")]
    Delay(String),
    /// The delay is beyond [`LONGEST_DELAY`].
    #[error("the delay `{0}` is longer than ten minutes")]
    DelayTooLong(String),
    /// `Retry-After` is not a whole number of seconds.
    #[error("`{0}` is not a whole number of seconds for Retry-After: write for example `429@30`")]
    RetryAfter(String),
}

fn parse_answer(item: &str) -> Result<Answer, AnswerScriptError> {
    if item.is_empty() {
        return Err(AnswerScriptError::Empty);
    }
    let (status_and_delay, retry_after) = split_optional(item, '@');
    let (status, delay) = split_optional(status_and_delay, ':');
    Ok(Answer {
        status: parse_status(status)?,
        delay: delay.map_or(Ok(Duration::ZERO), parse_delay)?,
        retry_after_seconds: retry_after.map(parse_retry_after).transpose()?,
    })
}

fn split_optional(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn parse_status(text: &str) -> Result<u16, AnswerScriptError> {
    let status = if is_digits(text) { text.parse().ok() } else { None };
    status
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| AnswerScriptError::Status(text.to_owned()))
}

fn parse_delay(text: &str) -> Result<Duration, AnswerScriptError> {
    let invalid = || AnswerScriptError::Delay(text.to_owned());
    let unit_at = text.find(|character: char| character.is_ascii_alphabetic()).ok_or_else(invalid)?;
    let (number, unit) = text.split_at_checked(unit_at).ok_or_else(invalid)?;
    let unit_seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(invalid()),
    };
    let (whole, decimals) = split_optional(number, '.');
    if !is_digits(whole) || !decimals.is_none_or(is_digits) {
        return Err(invalid());
    }
    let number: f64 = number.parse().map_err(|_not_a_number| invalid())?;
    Duration::try_from_secs_f64(number * unit_seconds)
        .ok()
        .filter(|delay| *delay <= LONGEST_DELAY)
        .ok_or_else(|| AnswerScriptError::DelayTooLong(text.to_owned()))
}

fn parse_retry_after(text: &str) -> Result<u32, AnswerScriptError> {
    let seconds = if is_digits(text) { text.parse().ok() } else { None };
    seconds.ok_or_else(|| AnswerScriptError::RetryAfter(text.to_owned()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        if !self.delay.is_zero() {
            write!(formatter, " after {:?}", self.delay)?;
        }
        if let Some(seconds) = self.retry_after_seconds {
            write!(formatter, ", retry after {seconds} s")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, delay_ms: u64, retry_after_seconds: Option<u32>) -> Answer {
        Answer { status, delay: Duration::from_millis(delay_ms), retry_after_seconds }
    }

    #[test]
    fn a_script_is_read_in_order_and_its_last_answer_repeats() {
        let script: AnswerScript = "500, 503:250ms ,429@30,200:1.5s@7".parse().unwrap();
        let answers: Vec<_> = (0..6).map(|index| script.answer(index)).collect();
        let last = answer(200, 1500, Some(7));
        assert_eq!(
            answers,
            [answer(500, 0, None), answer(503, 250, None), answer(429, 0, Some(30)), last, last, last]
        );
        assert_eq!(AnswerScript::default().answer(3), answer(200, 0, None));
        assert_eq!("204:10m".parse::<AnswerScript>().unwrap().answer(0), answer(204, 600_000, None));
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_place() {
        let refused = |text: &str| text.parse::<AnswerScript>().unwrap_err();
        for text in ["", " ", "500,", ",500", "500,,200"] {
            assert_eq!(refused(text), AnswerScriptError::Empty, "{text:?}");
        }
        for text in ["99", "199", "600", "+500", "abc", "70000", "5 00"] {
            assert_eq!(refused(text), AnswerScriptError::Status(text.to_owned()));
        }
        for delay in ["", "5", "s", "1.s", ".5s", "-1s", "1h", "1e3s", "1s:2s", "1..5s", "infs"] {
            assert_eq!(refused(&format!("200:{delay}")), AnswerScriptError::Delay(delay.to_owned()));
        }
        for delay in ["601s", "11m", "99999999999999999999999999999s"] {
            assert_eq!(refused(&format!("200:{delay}")), AnswerScriptError::DelayTooLong(delay.to_owned()));
        }
        for seconds in ["", "-1", "1.5", "soon", "4294967296"] {
            assert_eq!(refused(&format!("429@{seconds}")), AnswerScriptError::RetryAfter(seconds.to_owned()));
        }
    }
}
