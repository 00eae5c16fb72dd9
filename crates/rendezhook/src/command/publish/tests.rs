//! Publishing against a server that answers by a script.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Cursor};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::actions;
use super::failure::PublishError;
use super::server::{Call, Patient, Server};
use crate::client::{ClientError, Place};
use crate::command::input::Input;

/// One call as the scripted server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) key: Option<String>,
}

/// Answers in order and remembers every call.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) answers: RefCell<VecDeque<Result<Value, ClientError>>>,
    pub(super) seen: RefCell<Vec<Seen>>,
}

impl Scripted {
    pub(super) fn answering(answers: impl IntoIterator<Item = Result<Value, ClientError>>) -> Self {
        Self { answers: RefCell::new(answers.into_iter().collect()), seen: RefCell::default() }
    }
}

impl Server for Scripted {
    fn call(&self, call: &Call<'_>) -> Result<Value, ClientError> {
        self.seen.borrow_mut().push(Seen {
            line: format!("{} {}", call.method, call.path),
            content_type: call.content_type,
            body: call.body.to_vec(),
            key: call.idempotency_key.clone(),
        });
        self.answers.borrow_mut().pop_front().expect("the script has an answer for every call")
    }
}

impl Server for &Scripted {
    fn call(&self, call: &Call<'_>) -> Result<Value, ClientError> {
        (*self).call(call)
    }
}

pub(super) fn input(text: &str) -> Input {
    Input { name: "bookings".to_owned(), reader: Box::new(Cursor::new(text.as_bytes().to_vec())) }
}

pub(super) fn refusal(status: u16, places: &[(&str, &str)]) -> ClientError {
    let place =
        |(pointer, detail): &(&str, &str)| Place { pointer: (*pointer).into(), detail: (*detail).into() };
    ClientError::Refused {
        status,
        said: "it is wrong".to_owned(),
        places: places.iter().map(place).collect(),
    }
}

pub(super) fn unreachable() -> ClientError {
    let source = ureq::Error::Io(io::Error::from(io::ErrorKind::ConnectionReset));
    ClientError::Unreachable { server: "http://server".to_owned(), source: Box::new(source) }
}

fn accepted(deliveries: &[u64]) -> Result<Value, ClientError> {
    let actions: Vec<Value> = deliveries.iter().map(|number| json!({"deliveries": number})).collect();
    Ok(json!({ "actions": actions }))
}

fn publish(server: &impl Server, text: &str, json: bool) -> (Result<ExitCode, PublishError>, Vec<String>) {
    let mut printed = Vec::new();
    let ending = actions::publish(server, input(text), "run1", json, &mut |line| printed.push(line));
    (ending, printed)
}

#[test]
fn one_object_is_sent_as_it_is_and_told_in_a_line() {
    let server = Scripted::answering([accepted(&[3])]);
    let (ending, printed) = publish(&server, "{\"action\": \"event.created\"}\n", false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    assert_eq!(printed, ["accepted 1 action, 3 deliveries"]);
    let seen = server.seen.take().remove(0);
    assert_eq!((seen.line.as_str(), seen.content_type), ("POST /api/v1/actions", "application/json"));
    assert_eq!(seen.body, b"{\"action\": \"event.created\"}\n");
}

#[test]
fn lines_are_told_by_request_and_in_all() {
    let text = "{\"action\":1}\n".repeat(10_001);
    let server = Scripted::answering([accepted(&[1; 10_000]), accepted(&[0])]);
    let (ending, printed) = publish(&server, &text, false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    let expected = [
        "lines 1 to 10000: 10000 actions, 10000 deliveries",
        "lines 10001 to 10001: 1 action, 0 deliveries",
        "accepted 10001 actions, 10000 deliveries",
    ];
    assert_eq!(printed, expected);
    let seen = server.seen.take();
    assert_ne!(seen[0].key, seen[1].key);
}

#[test]
fn resources_that_do_not_fit_are_told_of() {
    let unfit =
        json!({"deliveries": 1, "warnings": [{"pointer": "/title", "detail": "this must be a string"}]});
    let first = json!({"actions": [unfit, {"deliveries": 1}]});
    let server = Scripted::answering([Ok(first)]);
    let (ending, printed) = publish(&server, "{\"a\":1}\n{\"a\":2}\n", false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    let told = "2 actions, 2 deliveries; 1 resource does not fit the schema, `rendezhook org show` tells of the last";
    assert_eq!(printed, [format!("lines 1 to 2: {told}"), format!("accepted {told}")]);
}

#[test]
fn whole_answers_are_printed_for_programs() {
    let (ending, printed) = publish(&Scripted::answering([accepted(&[2])]), "{}", true);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    assert_eq!(printed, ["{\"actions\":[{\"deliveries\":2}]}"]);
}

#[test]
fn a_lost_answer_repeats_the_same_request_under_the_same_key() {
    let server = Scripted::answering([Err(unreachable()), Err(refusal(503, &[])), accepted(&[1])]);
    let (ending, printed) = publish(&Patient::with_pause(&server, |_| ()), "{}", false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    assert_eq!(printed, ["accepted 1 action, 1 delivery"], "counted once");
    let seen = server.seen.take();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|call| call == &seen[0] && call.key.is_some()));
}

#[test]
fn the_same_run_again_has_the_same_keys() {
    let keys = || {
        let server = Scripted::answering([accepted(&[1])]);
        publish(&server, "{}\n{}\n", false).0.unwrap();
        server.seen.take().remove(0).key
    };
    assert_eq!(keys(), keys());
}

#[test]
fn patience_ends_and_tells_how_to_go_on() {
    let pauses = |pause: Duration| assert!(pause <= Duration::from_secs(3));
    let server = Scripted::answering((0..4).map(|_| Err(unreachable())));
    let (ending, printed) = publish(&Patient::with_pause(&server, pauses), "{}\n{}\n", false);
    let told = ending.unwrap_err().to_string();
    assert!(told.starts_with("lines 1 to 2 of bookings were not published\n"), "{told}");
    assert!(told.contains("`--run run1`"), "{told}");
    assert!(printed.is_empty());
}

#[test]
fn a_refusal_is_not_repeated_and_names_lines() {
    let server = Scripted::answering([Err(refusal(422, &[("/1/action", "unknown"), ("/2", "no JSON")]))]);
    let (ending, _) = publish(&Patient::with_pause(&server, |_| ()), "{}\n\n{\"a\":1}\n{\"b\":1}\n", false);
    let told = ending.unwrap_err().to_string();
    assert_eq!(
        told,
        "lines 1 to 4 of bookings were not published; the server refuses (status 422):\n  line 3, /action: unknown\n  line 4: no JSON"
    );
}

#[test]
fn after_a_refusal_in_the_middle_the_rest_can_be_published() {
    let text = "{\"action\":1}\n".repeat(10_001);
    let server =
        Scripted::answering([accepted(&[1; 10_000]), Err(refusal(422, &[("/0/action", "unknown")]))]);
    let (ending, printed) = publish(&server, &text, false);
    let told = ending.unwrap_err().to_string();
    assert!(told.contains("line 10001, /action: unknown") && told.contains("`--run run1`"), "{told}");
    assert_eq!(printed, ["lines 1 to 10000: 10000 actions, 10000 deliveries"]);
}

#[test]
fn a_line_that_is_no_json_stops_before_its_request() {
    let text = format!("{}{{oops}}\n", "{\"action\":1}\n".repeat(10_000));
    let server = Scripted::answering([accepted(&[1; 10_000])]);
    let (ending, _) = publish(&server, &text, false);
    let told = ending.unwrap_err().to_string();
    assert!(
        told.starts_with(
            "bookings, line 10001, column 2: this is not JSON: key must be a string\n  mend it, then publish"
        ),
        "{told}"
    );
    assert_eq!(server.seen.take().len(), 1);

    let (ending, _) = publish(&Scripted::default(), "{}\n{oops}\n", false);
    assert_eq!(
        ending.unwrap_err().to_string(),
        "bookings, line 2, column 2: this is not JSON: key must be a string"
    );
}

#[test]
fn an_array_that_is_too_large_should_become_lines() {
    let (ending, _) = publish(&Scripted::answering([Err(refusal(413, &[]))]), "[{}]", false);
    assert!(ending.unwrap_err().to_string().contains("NDJSON"));
}
