//! A received call and its two written forms.

use std::fmt::{self, Write};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::Answer;
use crate::capture::{AnswerRecord, CallRecord, HeaderList, VerificationRecord};
use crate::signature::VerifyError;

/// One call a listener received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Counts the calls of one listener from 1.
    pub number: u64,
    /// When the request was complete.
    pub received_at: Timestamp,
    /// The method.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// The headers in the order they came, names in lower case. A repeated name follows its first occurrence.
    pub headers: HeaderList,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// What came of verifying, if the listener has a secret.
    pub verification: Option<Result<(), VerifyError>>,
    /// What the call is answered.
    pub answer: Answer,
}

impl Call {
    /// One line of JSON without a line end, in the form of [`CallRecord`].
    ///
    /// # Errors
    /// None in practice: a record has nothing that JSON can not hold.
    pub fn to_json_line(&self) -> serde_json::Result<String> {
        let (body, body_base64) = CallRecord::body_fields(&self.body);
        let headers = self.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        serde_json::to_string(&CallRecord {
            number: Some(self.number),
            received_at: Some(self.received_at),
            method: Some(self.method.clone()),
            target: Some(self.target.clone()),
            headers,
            body,
            body_base64,
            verification: self.verification.as_ref().map(|outcome| VerificationRecord {
                verified: outcome.is_ok(),
                reason: outcome.as_ref().err().map(ToString::to_string),
            }),
            answer: Some(AnswerRecord {
                status: self.answer.status,
                delay_ms: u64::try_from(self.answer.delay.as_millis()).unwrap_or(u64::MAX),
                retry_after_seconds: self.answer.retry_after_seconds,
            }),
        })
    }

    /// A block of lines for a person: what came, whether it verified, headers, and the body, indented
    /// if it is JSON. `color` adds ANSI colours. Control characters of the sender are shown as escapes,
    /// so that they can not command the terminal.
    #[must_use]
    pub fn to_text(&self, color: bool) -> String {
        let mut text = String::new();
        // Writing to a string can not fail.
        let _ = self.write_text(&mut text, color);
        text
    }

    fn write_text(&self, text: &mut String, color: bool) -> fmt::Result {
        let paint = |style: &'static str| if color { style } else { "" };
        let (bold, green, red, dim, reset) =
            (paint("\x1b[1m"), paint("\x1b[32m"), paint("\x1b[31m"), paint("\x1b[2m"), paint("\x1b[0m"));

        let (method, target) = (printable(&self.method), printable(&self.target));
        writeln!(text, "{bold}#{} {method} {target}{reset}  {dim}{}{reset}", self.number, self.received_at)?;
        writeln!(text, "  answered {}", self.answer)?;
        match &self.verification {
            None => {}
            Some(Ok(())) => writeln!(text, "  {green}✓ signature verified{reset}")?,
            Some(Err(error)) => writeln!(text, "  {red}✗ {error}{reset}")?,
        }
        for (name, value) in self.headers.iter() {
            writeln!(text, "  {dim}{}:{reset} {}", printable(name), printable(value))?;
        }
        if self.body.is_empty() {
            return Ok(());
        }
        writeln!(text)?;
        for line in readable_body(&self.body).lines() {
            writeln!(text, "  {}", printable(line))?;
        }
        Ok(())
    }
}

fn readable_body(body: &[u8]) -> String {
    let indented =
        serde_json::from_slice::<Value>(body).and_then(|value| serde_json::to_string_pretty(&value));
    indented.unwrap_or_else(|_not_json| String::from_utf8_lossy(body).into_owned())
}

fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::capture::CapturedRequest;

    fn call() -> Call {
        Call {
            number: 7,
            received_at: Timestamp::from_second(1_768_469_400).unwrap(),
            method: "POST".to_owned(),
            target: "/hook?a=1".to_owned(),
            headers: [("webhook-id", "msg_1"), ("x-evil", "\u{1b}[2J")].into_iter().collect(),
            body: Bytes::from_static("{\"b\":1,\"a\":\"Démo\"}\n".as_bytes()),
            verification: Some(Ok(())),
            answer: Answer { status: 503, delay: Duration::from_millis(1500), retry_after_seconds: Some(30) },
        }
    }

    #[test]
    fn the_text_shows_everything_and_nothing_that_commands_the_terminal() {
        let expected = "\
#7 POST /hook?a=1  2026-01-15T09:30:00Z
  answered 503 after 1.5s, retry after 30 s
  ✓ signature verified
  webhook-id: msg_1
  x-evil: \\u{1b}[2J

  {
    \"b\": 1,
    \"a\": \"Démo\"
  }
";
        assert_eq!(call().to_text(false), expected);
        let refused = Call { verification: Some(Err(VerifyError::Mismatch)), ..call() };
        assert!(refused.to_text(false).contains("✗ no signature fits"));
        let unverified = Call { verification: None, ..call() };
        assert!(!unverified.to_text(false).contains('✓'));
    }

    #[test]
    fn colors_are_there_only_if_asked_for() {
        assert!(!call().to_text(false).contains('\u{1b}'));
        assert!(call().to_text(true).contains("\u{1b}[32m✓"));
    }

    #[test]
    fn a_json_line_is_one_line_and_reads_back_as_the_request() {
        for body in [Bytes::from_static(b"{\"b\":1}\r\n"), Bytes::from_static(b"\xff\x00"), Bytes::new()] {
            let call = Call { body, ..call() };
            let line = call.to_json_line().unwrap();
            assert!(!line.contains('\n'));
            let read = CapturedRequest::from_json_line(line.as_bytes()).unwrap();
            assert_eq!(
                read,
                CapturedRequest {
                    method: Some(call.method),
                    target: Some(call.target),
                    headers: call.headers,
                    body: call.body,
                }
            );
        }
    }

    #[test]
    fn a_json_line_has_the_documented_fields() {
        let refused = Call { verification: Some(Err(VerifyError::TooOld(400))), ..call() };
        let record: Value = serde_json::from_str(&refused.to_json_line().unwrap()).unwrap();
        let expected = serde_json::json!({
            "number": 7,
            "received_at": "2026-01-15T09:30:00Z",
            "method": "POST",
            "target": "/hook?a=1",
            "headers": [["webhook-id", "msg_1"], ["x-evil", "\u{1b}[2J"]],
            "body": "{\"b\":1,\"a\":\"Démo\"}\n",
            "verification": {"verified": false, "reason": VerifyError::TooOld(400).to_string()},
            "answer": {"status": 503, "delay_ms": 1500, "retry_after_seconds": 30},
        });
        assert_eq!(record, expected);
    }
}
