use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::listener::{Call, Listener, ListenerOptions};
use crate::sink::Sink;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn options(address: SocketAddr, requests: u64) -> LoadOptions {
    LoadOptions {
        address,
        head: RequestHead {
            method: "POST".to_owned(),
            target: "/hook?a=1".to_owned(),
            host: "localhost".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        },
        connections: NonZeroUsize::new(3).unwrap(),
        rate_per_second: None,
        requests,
        duration: Duration::from_secs(60),
        request_timeout: Duration::from_secs(10),
    }
}

async fn listen(script: &str) -> (SocketAddr, mpsc::Receiver<Call>, oneshot::Sender<()>) {
    let (sender, calls) = mpsc::channel(1000);
    let (stop, stopped) = oneshot::channel();
    let listening = ListenerOptions { script: script.parse().unwrap(), ..ListenerOptions::new(ANY_PORT) };
    let (listener, address) = Listener::bind(listening, sender).await.unwrap();
    tokio::spawn(listener.run(async {
        let _ = stopped.await;
    }));
    (address, calls, stop)
}

#[tokio::test]
async fn a_listener_receives_exactly_what_is_sent() {
    let (address, mut calls, _stop) = listen("503,200").await;
    let report = generate(options(address, 20), |number, parts| {
        parts.header("webhook-id", &number.to_string());
        parts.body.extend_from_slice(format!("{{\"number\":{number}}}").as_bytes());
    })
    .await
    .unwrap();
    assert_eq!(report.statuses, [(200, 19), (503, 1)].into());
    assert_eq!(report.failures, [].into());
    assert_eq!(report.latencies.len(), 20);
    assert!(report.latency().p50 <= report.latency().max);

    let mut bodies = Vec::new();
    for _ in 0..20 {
        let call = calls.recv().await.unwrap();
        assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/hook?a=1"));
        bodies.push(String::from_utf8(call.body.to_vec()).unwrap());
    }
    let mut expected: Vec<_> = (0..20).map(|number| format!("{{\"number\":{number}}}")).collect();
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn a_sink_counts_what_is_sent() {
    let (sink, address) = Sink::bind(ANY_PORT).await.unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&received);
    let (stop, stopped) = oneshot::channel::<()>();
    let hook_for_connection = move || {
        let counted = Arc::clone(&counted);
        move |request: crate::sink::SinkRequest<'_>| {
            assert_eq!(request.header("content-type"), Some(b"application/json".as_slice()));
            counted.fetch_add(u64::try_from(request.body.len()).unwrap(), Ordering::Relaxed);
            crate::sink::Reaction::Answer
        }
    };
    let running = tokio::spawn(sink.run(hook_for_connection, async {
        let _ = stopped.await;
    }));
    let report =
        generate(options(address, 100), |_, parts| parts.body.extend_from_slice(b"12345")).await.unwrap();
    assert_eq!(report.statuses, [(204, 100)].into());
    assert_eq!(received.load(Ordering::Relaxed), 500);
    stop.send(()).unwrap();
    running.await.unwrap();
    let refused = generate(options(address, 1), |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, GenerateError::Connect { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_closes_each_connection_is_connected_to_anew() {
    let (address, _calls, _stop) = listen("200").await;
    let closing = LoadOptions { connections: NonZeroUsize::MIN, ..options(address, 3) };
    let report = generate(closing, |_, parts| parts.header("connection", "close")).await.unwrap();
    assert_eq!(report.statuses, [(200, 3)].into());
    assert_eq!(report.failures, [].into());
}

#[tokio::test]
async fn unanswered_requests_are_counted_and_not_waited_for() {
    let silent = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let address = silent.local_addr().unwrap();
    let impatient = LoadOptions {
        connections: NonZeroUsize::MIN,
        request_timeout: Duration::from_millis(20),
        ..options(address, 3)
    };
    let closes = tokio::spawn(async move {
        let (first, _) = silent.accept().await.unwrap();
        let (second, _) = silent.accept().await.unwrap();
        drop((first, second, silent));
    });
    let report = generate(impatient, |_, _| {}).await.unwrap();
    closes.await.unwrap();
    assert_eq!(report.answered(), 0);
    assert!(report.failures.contains_key(&FailureKind::TimedOut), "{:?}", report.failures);
    assert_eq!(report.failures.values().sum::<u64>(), 3);
}

fn run(rate_per_second: u32, duration: Duration) -> Run<()> {
    let options = LoadOptions {
        rate_per_second: NonZeroU32::new(rate_per_second),
        duration,
        ..options(ANY_PORT, u64::MAX)
    };
    Run {
        head: options.head.to_bytes(),
        options,
        started: Instant::now(),
        next: AtomicU64::new(0),
        tally: Mutex::new(Tally::new().unwrap()),
        fill: (),
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_due_at_the_rate_and_end_with_the_duration() {
    let run = run(10, Duration::from_secs(1));
    let mut due = Vec::new();
    while let Some((_, since)) = run.next_request().await {
        due.push(since.duration_since(run.started).as_millis());
    }
    assert_eq!(due, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_starts_late_counts_from_its_due_time() {
    let run = run(10, Duration::from_secs(1));
    run.next_request().await.unwrap();
    tokio::time::advance(Duration::from_millis(450)).await;
    let (_, since) = run.next_request().await.unwrap();
    assert_eq!(since.duration_since(run.started), Duration::from_millis(100));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(run.next_request().await, None);
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_the_duration_ends_the_run() {
    let run = run(0, Duration::from_secs(1));
    assert!(run.next_request().await.is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(run.next_request().await, None);
}
