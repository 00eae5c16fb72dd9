//! Connections kept for the next request, and places at a destination.

use std::sync::Arc;

use rendezhook_domain::cause::Cause;
use rendezhook_egress::Egress;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::support::{
    PATIENCE, Receiver, SHORT, answered, egress, egress_with, failed, loopback_settings, post, post_for,
};

/// One egress that keeps connections with their HTTP machine, and one that puts it away each time.
fn awake_and_resting() -> [Egress; 2] {
    let mut resting = loopback_settings();
    resting.awake_connections = 0;
    [egress(), egress_with(resting)]
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_serves_again() {
    for egress in awake_and_resting() {
        let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
        answered(egress.send(&post(&receiver.url("/a")), PATIENCE).await);
        for _ in 0..20 {
            let report = egress.send(&post(&receiver.url("/b")), PATIENCE).await;
            assert!(report.reused_connection);
            let timing = report.timing;
            assert_eq!((timing.dns, timing.connect, timing.tls), (None, None, None));
            assert_eq!(report.remote_address, Some(receiver.address));
            assert_eq!(answered(report).body, "ok");
        }
        assert_eq!((receiver.connections(), receiver.requests()), (1, 21));
    }
}

#[tokio::test]
async fn organizations_do_not_share_connections() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let egress = egress();
    for organization in [1, 2, 1, 2] {
        answered(egress.send(&post_for(organization, &receiver.url("/"), "{}"), PATIENCE).await);
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_connection_closed_while_at_rest_costs_nothing() {
    for egress in awake_and_resting() {
        let (closed, mut was_closed) = mpsc::channel(8);
        let receiver = Receiver::start(move |mut conversation| {
            let closed = closed.clone();
            async move {
                conversation.read_request().await;
                conversation.write(OK).await;
                drop(conversation);
                closed.send(()).await.unwrap();
            }
        })
        .await;
        for _ in 0..5 {
            let report = egress.send(&post(&receiver.url("/")), PATIENCE).await;
            assert!(!report.reused_connection);
            assert_eq!(answered(report).body, "ok");
            was_closed.recv().await.unwrap();
        }
        assert_eq!(receiver.requests(), 5);
    }
}

#[tokio::test]
async fn an_answer_said_while_at_rest_is_nobodys() {
    for egress in awake_and_resting() {
        let (said, mut was_said) = mpsc::channel(1);
        let at_rest = Arc::new(Notify::new());
        let speak = Arc::clone(&at_rest);
        let receiver = Receiver::start(move |mut conversation| {
            let (said, speak) = (said.clone(), Arc::clone(&speak));
            async move {
                conversation.read_request().await;
                conversation.write(OK).await;
                speak.notified().await;
                conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").await;
                said.send(()).await.unwrap();
                conversation.wait_for_close().await;
            }
        })
        .await;
        for connections in 1..4 {
            let report = egress.send(&post(&receiver.url("/")), PATIENCE).await;
            assert!(!report.reused_connection);
            assert_eq!(answered(report).body, "ok");
            assert_eq!(receiver.connections(), connections);
            at_rest.notify_one();
            was_said.recv().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_the_request_is_replaced_once() {
    for egress in awake_and_resting() {
        let receiver = Receiver::start(|mut conversation| async move {
            conversation.read_request().await;
            conversation.write(OK).await;
            if conversation.number == 1 {
                // Reads the second request, says nothing and closes.
                conversation.read_request().await;
            } else {
                conversation.answer_all().await;
            }
        })
        .await;
        answered(egress.send(&post(&receiver.url("/")), PATIENCE).await);
        let report = egress.send(&post(&receiver.url("/")), PATIENCE).await;
        assert!(!report.reused_connection);
        assert!(report.timing.connect.is_some());
        assert_eq!(answered(report).body, "ok");
        assert_eq!((receiver.connections(), receiver.requests()), (2, 3));
    }
}

#[tokio::test]
async fn the_second_try_is_the_last() {
    for egress in awake_and_resting() {
        let receiver = Receiver::start(|mut conversation| async move {
            conversation.read_request().await;
            if conversation.number == 1 {
                conversation.write(OK).await;
                conversation.read_request().await;
            }
        })
        .await;
        answered(egress.send(&post(&receiver.url("/")), PATIENCE).await);
        assert_eq!(failed(egress.send(&post(&receiver.url("/")), PATIENCE).await), Cause::ConnectionReset);
        assert_eq!((receiver.connections(), receiver.requests()), (2, 3));
    }
}

#[tokio::test]
async fn a_kept_connection_that_began_to_answer_is_not_tried_again() {
    for egress in awake_and_resting() {
        let receiver = Receiver::start(|mut conversation| async move {
            conversation.read_request().await;
            conversation.write(OK).await;
            conversation.read_request().await;
            conversation.write("HTTP/1.1 2").await;
        })
        .await;
        answered(egress.send(&post(&receiver.url("/")), PATIENCE).await);
        let report = egress.send(&post(&receiver.url("/")), PATIENCE).await;
        assert!(report.reused_connection);
        assert_eq!(failed(report), Cause::ConnectionReset);
        assert_eq!((receiver.connections(), receiver.requests()), (1, 2));
    }
}

#[tokio::test]
async fn connections_are_not_kept_when_they_cannot_serve_again() {
    let answers = [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        // An answer nobody asked for follows.
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n",
    ];
    for egress in awake_and_resting() {
        for answer in answers {
            let receiver = Receiver::start(move |mut conversation| async move {
                conversation.read_request().await;
                conversation.write(answer).await;
                conversation.wait_for_close().await;
            })
            .await;
            for _ in 0..2 {
                let response = answered(egress.send(&post(&receiver.url("/")), PATIENCE).await);
                assert!(!response.body.starts_with(b"evil"));
            }
            assert_eq!(receiver.connections(), 2, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_destination_with_all_its_places_taken_is_busy() {
    let (asked, mut was_asked) = mpsc::channel(1);
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let receiver = Receiver::start(move |mut conversation| {
        let (asked, released) = (asked.clone(), Arc::clone(&released));
        async move {
            while conversation.read_request().await.is_some() {
                asked.send(()).await.unwrap();
                released.notified().await;
                conversation.write(OK).await;
            }
        }
    })
    .await;
    let mut settings = loopback_settings();
    settings.requests_per_address = 1;
    let egress = Arc::new(egress_with(settings));

    // Over a fresh connection the first time, over a kept one the second time.
    for reused in [false, true] {
        let (sending, request) = (Arc::clone(&egress), post(&receiver.url("/")));
        let first = tokio::spawn(async move { sending.send(&request, PATIENCE).await });
        timeout(PATIENCE, was_asked.recv()).await.unwrap().unwrap();
        let connections = receiver.connections();
        assert_eq!(failed(egress.send(&post_for(2, &receiver.url("/"), "{}"), PATIENCE).await), Cause::Busy);
        assert_eq!(receiver.connections(), connections, "no connection is made to be told so");
        release.notify_one();
        let report = first.await.unwrap();
        assert_eq!(report.reused_connection, reused);
        answered(report);
    }

    // A failed attempt gives its place back too.
    failed(egress.send(&post(&receiver.url("/")), SHORT).await);
    was_asked.recv().await.unwrap();
    assert_ne!(failed(egress.send(&post(&receiver.url("/")), SHORT).await), Cause::Busy);
}
