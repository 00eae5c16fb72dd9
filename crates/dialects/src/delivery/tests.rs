use standardwebhooks::Webhook;

use super::*;
use crate::fixture::{NOW, Scene, secret, text};

/// The dialects that sign after Standard Webhooks.
const STANDARD_SIGNED: [Dialect; 3] = [Dialect::Standard, Dialect::Vyte, Dialect::Doo];

/// The published library accepts timestamps within five minutes of its own clock only.
fn wall_clock() -> Timestamp {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_milliseconds(i64::try_from(elapsed.as_millis()).unwrap())
}

#[test]
fn the_published_library_verifies_under_every_live_key() {
    for dialect in STANDARD_SIGNED {
        let mut scene = Scene::new(dialect, "event.confirmed");
        scene.keys = vec![secret(1), secret(2), secret(3)];
        let request = scene.request(wall_clock());
        for key in &scene.keys {
            let receiver = Webhook::new(key.reveal().expose()).unwrap();
            receiver.verify(&request.body, &request.headers).unwrap();
        }
        let stranger = Webhook::new(secret(4).reveal().expose()).unwrap();
        assert!(stranger.verify(&request.body, &request.headers).is_err());
    }
}

#[test]
fn tokens_stand_newest_key_first_between_single_spaces() {
    let mut scene = Scene::new(Dialect::Standard, "event.confirmed");
    scene.keys = vec![secret(2), secret(1)];
    let request = scene.request(NOW);
    let id = request.headers["webhook-id"].to_str().unwrap();
    let token = |key| secret(key).sign(id, NOW.seconds(), &request.body);
    assert_eq!(request.headers["webhook-signature"], format!("{} {}", token(2), token(1)));
    assert_eq!(request.headers["webhook-timestamp"], "1768469400");
}

#[test]
fn a_later_attempt_sends_the_stored_bytes_under_the_same_id_with_a_new_timestamp() {
    for dialect in Dialect::ALL {
        let mut scene = Scene::new(dialect, "event.confirmed");
        let first = scene.request(NOW);
        scene.frozen_body = Some(Bytes::from_static(br#"{"from":"an earlier version"}"#));
        scene.attempt = 2;
        let second = scene.request(NOW.after(std::time::Duration::from_secs(5)));
        assert_eq!(text(&second.body), r#"{"from":"an earlier version"}"#);
        assert_eq!(second.headers["webhook-id"], first.headers["webhook-id"]);
        assert_eq!(second.headers["webhook-timestamp"], "1768469405");
        let id = first.headers["webhook-id"].to_str().unwrap();
        let expected = match (dialect, &scene.shared_secret) {
            (Dialect::SimplyMeet, Some(secret)) => secret.sign(&second.body),
            _ => scene.keys[0].sign(id, 1_768_469_405, &second.body),
        };
        assert_eq!(second.headers["webhook-signature"], expected);
    }
}

#[test]
fn nothing_is_sent_unsigned() {
    for dialect in STANDARD_SIGNED {
        let scene = Scene::new(dialect, "event.confirmed");
        let context = scene.context(&[]);
        let refused = build(&Fetched::default(), &context, NOW);
        assert!(matches!(refused, Err(BuildError::NoSigningKey)));
    }
}

#[test]
fn added_headers_come_along_in_every_dialect_and_replace_nothing() {
    for dialect in Dialect::ALL {
        let mut scene = Scene::new(dialect, "event.confirmed");
        scene.headers = [("X-Tenant", "clinic"), ("webhook-id", "forged"), ("Content-Type", "text/plain")]
            .map(|(name, value)| SecretHeader::new(name, value.to_owned()))
            .to_vec();
        let request = scene.request(NOW);
        assert_eq!(request.headers["x-tenant"], "clinic");
        assert!(request.headers["x-tenant"].is_sensitive());
        assert_ne!(request.headers["webhook-id"], "forged");
        assert_eq!(request.headers["content-type"], "application/json");
    }
}
