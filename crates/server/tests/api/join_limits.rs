//! How many forms the join link takes, and whose they are.

use std::time::Duration;

use insta::assert_snapshot;
use rendezhook_server::{Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::fixture::joinable::{FORM, Joinable, joinable, page, submission};

#[tokio::test]
async fn a_client_sends_ten_forms_and_then_one_every_six_seconds() {
    let joinable = Joinable::start().await;
    let send = async |client: &str| joinable.send_from(client, "name=&email=").await;
    for number in 0..10 {
        assert_eq!(send("192.0.2.1").await.status, 422, "{number}");
    }
    let refused = send("192.0.2.1").await;
    assert_eq!(refused.header("retry-after"), "6");
    assert_snapshot!(page(&refused), @r#"
    429
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Please wait</title>

    </head>
    <body>
    <main>
    <h1>Please wait</h1>
    <p>Many forms were sent in a short time. Wait 6 seconds and send yours again.</p>
    </main>
    </body>
    </html>
    "#);
    assert_eq!(send("192.0.2.2").await.status, 422);
    assert_eq!(joinable.show("").await.status, 200);

    joinable.api.clock.advance_seconds(5);
    assert_eq!(send("192.0.2.1").await.header("retry-after"), "1");
    joinable.api.clock.advance_seconds(1);
    assert_eq!(
        (send("192.0.2.1").await.status.as_u16(), send("192.0.2.1").await.status.as_u16()),
        (422, 429)
    );

    // Forms for organizations that do not exist count too: nobody looks for join links by trying.
    let unknown = "/organizations/ffffffffffffffffffffffff/join";
    assert_eq!(joinable.api.send(submission(unknown, "192.0.2.1", "")).await.status, 429);
}

#[tokio::test]
async fn an_organization_takes_sixty_forms_and_then_one_every_second() {
    let joinable_one = Joinable::start().await;
    let (_, other_id) = joinable(&joinable_one.api, "Other").await;
    for number in 0..60 {
        let client = format!("192.0.2.{number}");
        assert_eq!(joinable_one.send_from(&client, "name=&email=").await.status, 422, "{number}");
    }
    let refused = joinable_one.send_from("198.51.100.1", "name=&email=").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    let other = submission(&format!("/organizations/{other_id}/join"), "198.51.100.1", "name=&email=");
    assert_eq!(joinable_one.api.send(other).await.status, 422);
    joinable_one.api.clock.advance_seconds(1);
    assert_eq!(joinable_one.send_from("198.51.100.1", "name=&email=").await.status, 422);
}

#[tokio::test]
async fn behind_a_trusted_proxy_its_clients_are_told_apart() {
    let options =
        ServerOptions { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..ServerOptions::default() };
    let joinable = Joinable::with_options(options).await;
    let send = async |peer: &str, client: &str| {
        let mut request = submission(&joinable.path, peer, "name=&email=");
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
        joinable.api.send(request).await.status.as_u16()
    };
    for _ in 0..10 {
        assert_eq!(send("10.0.0.1", "203.0.113.5, 192.0.2.1").await, 422);
    }
    assert_eq!(send("10.0.0.1", "203.0.113.6, 192.0.2.1").await, 429, "what the client says of itself");
    assert_eq!(send("10.0.0.1", "192.0.2.2").await, 422);
    assert_eq!(send("192.0.2.1", "192.0.2.3").await, 429, "no proxy");
}

#[tokio::test]
async fn on_a_port_the_client_is_the_other_end_of_the_connection() {
    let options =
        ServerOptions { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..ServerOptions::default() };
    let joinable = Joinable::with_options(options).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let ended = tokio::spawn(Server::clone(&joinable.api.server).run(listener, shutdown));
    let ask = async |client: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {FORM}\r\n\
             x-forwarded-for: {client}\r\ncontent-length: 5\r\n\r\nname=",
            joinable.path
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(Duration::from_secs(30), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    // Only who comes from the proxy's own address may name clients: had it no peer, all of them would be one.
    for number in 0..12 {
        assert_eq!(ask(&format!("192.0.2.{number}")).await, "422", "{number}");
    }
    for _ in 0..9 {
        ask("192.0.2.0").await;
    }
    assert_eq!(ask("192.0.2.0").await, "429");
    stop.send(()).unwrap();
    ended.await.unwrap();
}
