//! How a received call is shown.

use clap::ColorChoice;
use rendezhook_receive::capture::CapturedRequest;
use rendezhook_receive::diagnosis::diagnose;
use rendezhook_receive::listener::Call;

use crate::command::output::{self, printable};
use crate::command::signing::Signing;
use crate::command::terminal::Terminal;

/// Shows calls in one form.
pub(super) struct Display {
    json: bool,
    color: bool,
    signing: Signing,
}

impl Display {
    /// For programs (`json`) or people.
    pub(super) fn new(json: bool, color: ColorChoice, signing: Signing) -> Self {
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => Terminal::of_standard_output().has_colors(),
        };
        Self { json, color, signing }
    }

    /// Prints a call.
    pub(super) fn print(&self, call: &Call) {
        output::line(self.text(call));
    }

    fn text(&self, call: &Call) -> String {
        if self.json {
            // A record has nothing that JSON cannot hold.
            return call.to_json_line().unwrap_or_default();
        }
        let mut text = call.to_text(self.color);
        if call.verification.as_ref().is_some_and(Result::is_err) {
            text.push_str(&self.explanation(call));
        }
        text
    }

    /// What is wrong with a call that does not verify, and what to do.
    fn explanation(&self, call: &Call) -> String {
        let Some((style, secret)) = self.signing.chosen() else {
            return String::new();
        };
        let request = CapturedRequest {
            method: Some(call.method.clone()),
            target: Some(call.target.clone()),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let diagnosis = diagnose(&request, style, secret, Some(call.received_at)).to_string();
        let lines = diagnosis.lines().map(|line| format!("  {}\n", printable(line)));
        std::iter::once("\n  Why the signature does not verify:\n".to_owned()).chain(lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};
    use jiff::Timestamp;
    use rendezhook_receive::capture::HeaderList;
    use rendezhook_receive::listener::Answer;
    use rendezhook_receive::signature::Verifier;

    use super::*;

    fn signing(secret: &str) -> Signing {
        let command = Signing::augment_args(Command::new("test"));
        Signing::from_arg_matches(&command.get_matches_from(["test", "--secret", secret])).unwrap()
    }

    /// The example of the Standard Webhooks libraries, with another body.
    fn call(body: &'static str, signing: &Signing) -> Call {
        let received_at = Timestamp::from_second(1_649_367_560).unwrap();
        let headers = HeaderList::from_iter([
            ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
            ("webhook-timestamp", "1649367553"),
            ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
        ]);
        let (style, secret) = signing.chosen().unwrap();
        let verifier = Verifier::new(style, secret).unwrap();
        Call {
            number: 1,
            received_at,
            method: "POST".to_owned(),
            target: "/hook".to_owned(),
            verification: Some(verifier.verify(&headers, body.as_bytes(), received_at)),
            headers,
            body: body.into(),
            answer: Answer::status(200),
        }
    }

    #[test]
    fn a_call_that_verifies_is_ticked_and_one_that_does_not_is_explained() {
        let display =
            Display::new(false, ColorChoice::Never, signing("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"));
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let good = display.text(&call(body, &display.signing));
        assert!(good.contains("✓ signature verified") && !good.contains("Why"), "{good}");

        let reserialised = r#"{"email": "test@example.com", "username": "test_user"}"#;
        let bad = display.text(&call(reserialised, &display.signing));
        assert!(bad.contains("verify the raw bytes before the JSON parser"), "{bad}");
    }

    #[test]
    fn programs_get_one_line_that_can_be_read_again() {
        let display =
            Display::new(true, ColorChoice::Always, signing("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"));
        let line = display.text(&call("{\n}", &display.signing));
        assert_eq!(line.lines().count(), 1);
        assert_eq!(CapturedRequest::from_json_line(line.as_bytes()).unwrap().body, "{\n}");
    }
}
