use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::*;
use crate::signature::{Secret, Style, VerifyError};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn options(script: &str) -> ListenerOptions {
    ListenerOptions {
        script: script.parse().unwrap(),
        ..ListenerOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

/// A connection in memory, so that the paused clock decides every wait.
fn connect(options: ListenerOptions, calls: mpsc::Sender<Call>) -> DuplexStream {
    let (client, server) = tokio::io::duplex(256 * 1024);
    let connection = service::connection(server, Arc::new(Service::new(options, calls)));
    tokio::spawn(connection);
    client
}

async fn exchange<Client>(client: &mut Client, headers: &str, body: &str) -> String
where
    Client: AsyncRead + AsyncWrite + Unpin,
{
    send(client, headers, body).await;
    read_head(client).await
}

async fn send(client: &mut (impl AsyncWrite + Unpin), headers: &str, body: &str) {
    let length = body.len();
    let request =
        format!("POST /hook?a=1 HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}");
    client.write_all(request.as_bytes()).await.unwrap();
}

/// The answers have no body, so the head is all of them.
async fn read_head(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_handed_over_whole_and_answered_by_the_script() {
    let (sender, mut calls) = mpsc::channel(4);
    let mut client = connect(options("503@30,204"), sender);

    let first = exchange(&mut client, "webhook-id: a\r\nX-Other: b\r\n", "{\"a\":1}").await;
    assert!(first.starts_with("HTTP/1.1 503 "), "{first}");
    assert!(first.contains("retry-after: 30\r\n"), "{first}");
    let second = exchange(&mut client, "", "").await;
    assert!(second.starts_with("HTTP/1.1 204 "), "{second}");
    assert!(!second.contains("retry-after"), "{second}");

    let call = calls.recv().await.unwrap();
    assert_eq!((call.number, call.method.as_str(), call.target.as_str()), (1, "POST", "/hook?a=1"));
    assert_eq!(
        call.headers.iter().collect::<Vec<_>>(),
        [("host", "x"), ("webhook-id", "a"), ("x-other", "b"), ("content-length", "7")]
    );
    assert_eq!(call.body, "{\"a\":1}");
    assert_eq!(call.verification, None);
    assert_eq!(call.answer.status, 503);
    assert_eq!(calls.recv().await.unwrap().number, 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_held_back_after_the_call_is_handed_over() {
    let (sender, mut calls) = mpsc::channel(4);
    let mut client = connect(options("200:1.5s"), sender);
    let started = Instant::now();
    let answered = tokio::spawn(async move {
        exchange(&mut client, "", "{}").await;
        started.elapsed()
    });
    calls.recv().await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    let waited = answered.await.unwrap();
    assert!((Duration::from_millis(1500)..Duration::from_millis(1510)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn by_message_each_first_attempt_fails() {
    let (sender, _calls) = mpsc::channel(8);
    let scoped = ListenerOptions { scope: ScriptScope::Message, ..options("500,200") };
    let mut client = connect(scoped, sender);
    let mut statuses = Vec::new();
    for id in ["a", "b", "a", "b"] {
        let answer = exchange(&mut client, &format!("webhook-id: {id}\r\n"), "{}").await;
        statuses.push(answer.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(statuses, ["500", "500", "200", "200"]);
}

#[tokio::test(start_paused = true)]
async fn calls_are_verified_against_the_clock_and_the_secret() {
    let (sender, mut calls) = mpsc::channel(4);
    let verifier = Verifier::new(Style::StandardWebhooks, &Secret::new(SECRET)).unwrap();
    let mut client = connect(ListenerOptions { verifier: Some(verifier), ..options("200") }, sender);
    let now = Timestamp::now().as_second();
    let library = standardwebhooks::Webhook::new(SECRET).unwrap();
    for (timestamp, body) in [(now, "{}"), (now, "{ }"), (now - 1000, "{}")] {
        let signature = library.sign("a", timestamp, b"{}").unwrap();
        let headers =
            format!("webhook-id: a\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n");
        let answer = exchange(&mut client, &headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(calls.recv().await.unwrap().verification, Some(Ok(())));
    assert_eq!(calls.recv().await.unwrap().verification, Some(Err(VerifyError::Mismatch)));
    let old = calls.recv().await.unwrap().verification;
    assert!(matches!(old, Some(Err(VerifyError::TooOld(1000..=1100)))), "{old:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_the_limit_is_refused_and_not_handed_over() {
    let (sender, mut calls) = mpsc::channel(4);
    let mut client = connect(ListenerOptions { body_limit: 4, ..options("200") }, sender);
    let answer = exchange(&mut client, "", "12345").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(calls.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_arrives_ends_in_a_time_out() {
    let (sender, mut calls) = mpsc::channel(4);
    let mut client = connect(options("200"), sender);
    client.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12").await.unwrap();
    let answer = read_head(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(calls.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_refuses_in_the_end_and_a_closed_one_never() {
    let (sender, calls) = mpsc::channel(1);
    let mut client = connect(options("200"), sender);
    assert!(exchange(&mut client, "", "1").await.starts_with("HTTP/1.1 200 "));
    assert!(exchange(&mut client, "", "2").await.starts_with("HTTP/1.1 503 "));
    drop(calls);
    assert!(exchange(&mut client, "", "3").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Listener::bind(ListenerOptions::new(address), mpsc::channel(1).0).await.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

/// A running listener on a real socket: its address, what ends it, and its end.
async fn run(
    options: ListenerOptions,
    calls: mpsc::Sender<Call>,
) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (listener, address) = Listener::bind(options, calls).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(listener.run(async {
        let _ = stopped.await;
    }));
    (address, stop, running)
}

#[tokio::test]
async fn a_listener_that_is_stopped_still_answers_the_calls_it_has() {
    let (sender, mut calls) = mpsc::channel(4);
    let (address, stop, running) = run(options("200:20ms"), sender).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    send(&mut client, "", "{}").await;
    calls.recv().await.unwrap();
    stop.send(()).unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200 "));
    running.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_another_to_end() {
    let (sender, mut calls) = mpsc::channel(20);
    let limited = ListenerOptions { connection_limit: 1, ..options("200") };
    let (address, _stop, _running) = run(limited, sender).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    exchange(&mut first, "", "first").await;
    let mut second = TcpStream::connect(address).await.unwrap();
    send(&mut second, "", "second").await;
    for _ in 0..10 {
        exchange(&mut first, "", "first").await;
    }
    drop(first);
    assert!(read_head(&mut second).await.starts_with("HTTP/1.1 200 "));
    let mut bodies = Vec::new();
    while let Ok(call) = calls.try_recv() {
        bodies.push(call.body);
    }
    assert_eq!(bodies.last().unwrap(), "second");
}
