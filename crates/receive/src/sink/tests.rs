use proptest::prelude::*;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::*;

/// What the hook saw: the value of `webhook-id` and the body.
type Seen = (Option<Vec<u8>>, Vec<u8>);

/// A sink on a connection in memory, what its hook sees, and how it ends.
fn connect(
    buffered: usize,
) -> (DuplexStream, mpsc::UnboundedReceiver<Seen>, tokio::task::JoinHandle<Result<(), ConnectionError>>) {
    let (client, server) = tokio::io::duplex(buffered);
    let (sender, seen) = mpsc::unbounded_channel();
    let hook = move |request: SinkRequest<'_>| {
        let id = request.header("webhook-id").map(<[u8]>::to_vec);
        sender.send((id, request.body.to_vec())).unwrap();
        if request.body == b"hang" { Reaction::Hang } else { Reaction::Answer }
    };
    (client, seen, tokio::spawn(receive(server, hook)))
}

fn request(id: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nWebhook-Id: {id}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn every_request_of_a_connection_is_seen_and_answered() {
    let (mut client, mut seen, served) = connect(1024);
    for id in ["a", "b"] {
        client.write_all(&request(id, id.as_bytes())).await.unwrap();
        let mut answer = vec![0; ANSWER.len()];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, ANSWER);
        assert_eq!(seen.recv().await.unwrap(), (Some(id.into()), id.into()));
    }
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), (None, vec![]));
    drop(client);
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_is_to_hang_has_no_answer_until_the_sender_hangs_up() {
    let (mut client, mut seen, served) = connect(1024);
    client.write_all(&request("a", b"hang")).await.unwrap();
    client.write_all(&request("b", b"after")).await.unwrap();
    assert_eq!(seen.recv().await.unwrap().1, b"hang");
    client.shutdown().await.unwrap();
    served.await.unwrap().unwrap();
    assert!(seen.recv().await.is_none(), "what follows is not looked at");
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0, "nothing was said");
}

#[tokio::test]
async fn a_request_larger_than_the_buffer_is_read_whole() {
    let (mut client, mut seen, _served) = connect(1000);
    let body = vec![b'x'; 3 * READ_SIZE];
    client.write_all(&request("a", &body)).await.unwrap();
    assert_eq!(seen.recv().await.unwrap().1, body);
}

#[tokio::test]
async fn what_the_sink_does_not_speak_ends_the_connection() {
    for bytes in [
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(),
        format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", BODY_LIMIT + 1),
    ] {
        let (mut client, mut seen, served) = connect(1024);
        client.write_all(bytes.as_bytes()).await.unwrap();
        assert!(matches!(served.await.unwrap(), Err(ConnectionError::Malformed(_))), "{bytes}");
        assert!(seen.recv().await.is_none());
    }
}

proptest! {
    #[test]
    fn however_the_bytes_are_split_the_same_requests_are_seen(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5),
        buffered in 1_usize..60,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(async {
            let (client, mut seen, _served) = connect(buffered);
            let (mut answers, mut requests) = tokio::io::split(client);
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut tokio::io::sink()).await });
            let bytes: Vec<u8> = bodies.iter().flat_map(|body| request("a", body)).collect();
            requests.write_all(&bytes).await.unwrap();
            let mut received = Vec::new();
            for _ in &bodies {
                received.push(seen.recv().await.unwrap().1);
            }
            received
        });
        prop_assert_eq!(seen, bodies);
    }
}
