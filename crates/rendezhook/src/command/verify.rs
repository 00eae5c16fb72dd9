//! `rendezhook verify`: why a captured webhook's signature does not verify.

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use rendezhook_receive::capture::{self, CapturedRequest, HeaderSource};
use rendezhook_receive::diagnosis::diagnose;
use rendezhook_receive::signature::{ID_HEADER, Secret, Style};

use super::Ending;
use super::input::Input;
use super::output::{self, printable};
use super::signing::Signing;

/// How long a file of captured requests may be, in MiB.
const MAXIMUM_MEBIBYTES: usize = 64;

/// Say why a captured webhook's signature does not verify.
///
/// FILE holds what a receiver got: the text of one HTTP request (request line, headers, an empty line, the exact body), or
/// lines that `rendezhook listen --json` wrote. The command ends with 0 when every request verifies, and with 1 when one does
/// not; then it says which part is wrong: a header, the clock, the secret or how it was read, the body and what changed it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The captured request; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    signing: Signing,

    /// Judge the timestamp too, as a receiver would at this time: `now`, RFC 3339 or Unix seconds. Receivers tolerate 300
    /// seconds. Without it the clock is not judged, since a captured request is old.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
}

/// No secret was given.
#[derive(Debug, thiserror::Error)]
#[error("no secret; pass --secret (or set RENDEZHOOK_SECRET) or --simplymeet-secret")]
struct NoSecret;

/// Carries the command out.
pub(crate) fn run(arguments: &Arguments) -> Ending {
    let (style, secret) = arguments.signing.chosen().ok_or(NoSecret)?;
    let input = Input::open(arguments.file.as_deref())?;
    let text = input.read_whole(MAXIMUM_MEBIBYTES, "give it the request in question alone")?;
    let requests = capture::parse(&text)?;
    let mut all_verify = true;
    for (number, request) in (1_usize..).zip(&requests) {
        let (verifies, judgement) = judge(request, style, secret, arguments.now);
        all_verify &= verifies;
        if requests.len() > 1 {
            output::line(heading(number, request));
        }
        output::line(judgement);
    }
    Ok(if all_verify { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a request verifies, and what there is to say.
fn judge(request: &CapturedRequest, style: Style, secret: &Secret, now: Option<Timestamp>) -> (bool, String) {
    let diagnosis = diagnose(request, style, secret, now);
    let verdict = if diagnosis.is_verified() { "verified" } else { "not verified" };
    let explanation = diagnosis.to_string();
    let lines: Vec<String> = explanation.lines().map(printable).collect();
    let separator = if lines.len() > 1 { "\n" } else { " " };
    (diagnosis.is_verified(), format!("{verdict}:{separator}{}", lines.join("\n")))
}

/// `#2 POST /hook msg_1`, to tell the requests of a file apart.
fn heading(number: usize, request: &CapturedRequest) -> String {
    let parts = [request.method.as_deref(), request.target.as_deref(), request.headers.header(ID_HEADER)];
    let known = parts.into_iter().flatten().map(|part| format!(" {}", printable(part)));
    std::iter::once(format!("#{number}")).chain(known).collect()
}

fn time(text: &str) -> Result<Timestamp, String> {
    if text == "now" {
        return Ok(Timestamp::now());
    }
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let instant = seconds.or_else(|| text.parse().ok());
    instant
        .ok_or_else(|| "give `now`, RFC 3339 (2026-01-15T09:30:00Z) or Unix seconds (1768469400)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "POST /hook HTTP/1.1\r\nWebhook-Id: msg_27UH4WbU6Z5A5EzD8u03UvzRbpk\r\nWebhook-Timestamp: 1649367553\r\n\
        Webhook-Signature: v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=\r\n\r\n{\"email\":\"test@example.com\",\"username\":\"test_user\"}";

    fn judged(request: &str, now: Option<&str>) -> (bool, String) {
        let request = capture::parse(request.as_bytes()).unwrap().remove(0);
        let secret = Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        judge(&request, Style::StandardWebhooks, &secret, now.map(|text| time(text).unwrap()))
    }

    #[test]
    fn the_clock_is_judged_only_when_a_time_is_given() {
        assert!(judged(REQUEST, None).0);
        assert!(judged(REQUEST, Some("1649367600")).0);
        assert!(judged(REQUEST, Some("2022-04-07T21:39:13Z")).0);
        let (verifies, told) = judged(REQUEST, Some("now"));
        assert!(!verifies && told.starts_with("not verified: the request is "), "{told}");
    }

    #[test]
    fn what_is_wrong_is_said_without_control_characters() {
        let altered = REQUEST.replace("v1,tZ", "\u{1b}[2J,tZ");
        let (verifies, told) = judged(&altered, None);
        assert!(!verifies && told.starts_with("not verified: ") && !told.contains('\u{1b}'), "{told}");
    }

    #[test]
    fn requests_of_a_file_are_told_apart() {
        let request = capture::parse(REQUEST.as_bytes()).unwrap().remove(0);
        assert_eq!(heading(2, &request), "#2 POST /hook msg_27UH4WbU6Z5A5EzD8u03UvzRbpk");
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for text in ["", "soon", "2026-01-15", "1e3", "99999999999999999"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
