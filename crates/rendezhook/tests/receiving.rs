//! `listen` and `verify` as a developer uses them: the real binary, a real socket, and what one prints read by the other.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The example of the Standard Webhooks libraries.
const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

/// Nothing here takes longer, on however slow a machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn rendezhook(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rendezhook"));
    command.args(arguments).env_remove("RENDEZHOOK_SECRET");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Does something that waits for another process, and gives up at the deadline.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// Starts a listener on a free port and gives its address.
fn listen(arguments: &[&str]) -> (Child, String) {
    let mut child =
        rendezhook(&[&["listen", "--address", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let first = in_time("the listener's start", move || {
        let mut line = String::new();
        messages.read_line(&mut line).unwrap();
        line
    });
    let address = first.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
    (child, address.unwrap_or_else(|| panic!("no address in {first:?}")).to_owned())
}

/// Sends the example and gives the status of the answer.
fn call(address: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!(
        "POST /hook HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nwebhook-id: msg_27UH4WbU6Z5A5EzD8u03UvzRbpk\r\n\
         webhook-timestamp: 1649367553\r\nwebhook-signature: {SIGNATURE}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn end(child: Child) -> Output {
    in_time("the end of a command", move || child.wait_with_output().unwrap())
}

/// Gives captured requests to `verify`.
fn verify(captured: &[u8], arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = rendezhook(&[&["verify", "-"], arguments].concat()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(captured).unwrap();
    let output = end(child);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_listen_prints_is_verified_by_verify() {
    let (listener, address) = listen(&["--json", "--max", "2", "--answer", "503,200"]);
    assert_eq!([call(&address, BODY), call(&address, "{}")], ["503", "200"]);
    let listened = end(listener);
    assert_eq!(listened.status.code(), Some(0), "the maximum ends it by itself");

    let (code, told) = verify(&listened.stdout, &["--secret", SECRET]);
    assert_eq!(code, Some(1), "the second body is not the signed one");
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("#1 POST /hook msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"), "{told}");
    assert!(lines[1].starts_with("verified: "), "{told}");
    assert!(lines[3].starts_with("not verified: no signature fits"), "{told}");

    let first = listened.stdout.split(|byte| *byte == b'\n').next().unwrap();
    assert_eq!(verify(first, &["--secret", SECRET]).0, Some(0));
    assert_eq!(verify(first, &["--secret", SECRET, "--now", "1649367600"]).0, Some(0));
    let (code, told) = verify(first, &["--secret", SECRET, "--now", "now"]);
    assert!(code == Some(1) && told.contains("s old"), "{told}");
}

#[test]
fn a_secret_never_reaches_the_screen() {
    let (listener, address) = listen(&["--max", "1", "--color", "never", "--secret", SECRET]);
    assert_eq!(call(&address, BODY), "200");
    let printed = String::from_utf8(end(listener).stdout).unwrap();
    assert!(printed.contains("Why the signature does not verify"), "the example is old: {printed}");
    assert!(!printed.contains(SECRET.trim_start_matches("whsec_")), "{printed}");
}
