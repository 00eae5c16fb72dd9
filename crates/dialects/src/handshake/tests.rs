use rendezhook_domain::subscription::{Dialect, RateLimit, TargetAuthentication, Verification};
use serde_json::Value;

use super::*;
use crate::fixture::{NOW, Scene, secret};

const TOKEN: &str = "qgg8vlvZRS6UYooatFL8Aw";

fn scene(method: VerificationMethod) -> Scene {
    let mut scene = Scene::new(Dialect::Vyte, "event.confirmed");
    scene.subscription.verification = Verification::pending(method);
    scene.keys = vec![secret(2), secret(1)];
    scene
}

fn with<T>(scene: &Scene, action: impl FnOnce(HandshakeContext<'_>) -> T) -> T {
    let keys: Vec<_> = scene.keys.iter().collect();
    action(HandshakeContext {
        id: "vrf_1",
        plain_token: TOKEN,
        origin: "hooks.example.com",
        subscription: &scene.subscription,
        keys: &keys,
        target_secret: scene.target_secret.as_ref(),
        headers: &scene.headers,
    })
}

#[test]
fn nothing_is_asked_of_a_target_that_is_trusted() {
    assert!(with(&scene(VerificationMethod::None), |context| context.request(None, NOW)).unwrap().is_none());
}

#[test]
fn a_challenge_is_a_signed_request_like_a_delivery() {
    let mut scene = scene(VerificationMethod::Challenge);
    scene.subscription.authentication = Some(TargetAuthentication::ApiKey { header: "x-api-key".into() });
    scene.target_secret = Some(SharedSecret::new("s3cret".to_owned()));
    scene.headers = vec![SecretHeader::new("x-tenant", "clinic".to_owned())];
    let request = with(&scene, |context| context.request(None, NOW)).unwrap().unwrap();
    assert_eq!(request.method, Method::POST);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["event"], "endpoint.url_validation");
    assert_eq!(body["event_ts"], NOW.milliseconds());
    assert_eq!(body["payload"], json!({ "plainToken": TOKEN }));
    let signed = |key| secret(key).sign("vrf_1", NOW.seconds(), &request.body);
    assert_eq!(request.headers["webhook-signature"], format!("{} {}", signed(2), signed(1)));
    assert_eq!(request.headers["webhook-id"], "vrf_1");
    assert_eq!(
        (&request.headers["x-api-key"], &request.headers["x-tenant"]),
        (&HeaderValue::from_static("s3cret"), &HeaderValue::from_static("clinic"))
    );
}

#[test]
fn a_challenge_is_answered_under_any_live_secret_and_no_other_way() {
    let scene = scene(VerificationMethod::Challenge);
    let judged = |status: u16, body: Value| {
        with(&scene, |context| context.judge(status, &HeaderMap::new(), body.to_string().as_bytes()))
    };
    let answer = |key| json!({ "plainToken": TOKEN, "encryptedToken": secret(key).authenticate_hex(TOKEN.as_bytes()) });
    assert_eq!((judged(200, answer(1)), judged(201, answer(2))), (Ok(None), Ok(None)));
    let words = |judged: Result<Option<u32>, Arc<str>>| judged.unwrap_err().to_string();
    assert!(words(judged(200, answer(3))).contains("which secret"));
    assert!(words(judged(404, answer(1))).contains("answered 404"));
    assert!(words(judged(302, answer(1))).contains("answered 302"));
    assert!(words(judged(200, json!("ok"))).contains("JSON object"));
    assert!(words(judged(200, json!({ "plainToken": TOKEN }))).contains("JSON object"));
    let mut echoed = answer(1);
    echoed["plainToken"] = json!("another");
    assert!(words(judged(200, echoed)).contains("another plainToken"));
    let repeated = json!({ "plainToken": TOKEN, "encryptedToken": TOKEN });
    assert!(words(judged(200, repeated)).contains("HMAC-SHA256"));
}

#[test]
fn consent_is_our_origin_or_any_whatever_the_status() {
    let mut scene = scene(VerificationMethod::CloudEvents);
    scene.subscription.rate_limit = Some(RateLimit::new(2).unwrap());
    let request = with(&scene, |context| context.request(None, NOW)).unwrap().unwrap();
    assert_eq!((request.method, request.body.len()), (Method::OPTIONS, 0));
    assert_eq!(request.headers["webhook-request-origin"], "hooks.example.com");
    assert_eq!(request.headers["webhook-request-rate"], "120");
    assert!(!request.headers.contains_key("content-type"));

    let judged = |fields: &[(&'static str, &'static str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        with(&scene, |context| context.judge(405, &headers, b""))
    };
    let origin = "webhook-allowed-origin";
    let rate = "webhook-allowed-rate";
    assert_eq!(judged(&[(origin, "*")]), Ok(None));
    assert_eq!(judged(&[(origin, "Hooks.Example.com"), (rate, "100")]), Ok(Some(100)));
    assert_eq!(judged(&[(origin, "hooks.example.com"), (rate, "*")]), Ok(None));
    assert_eq!(judged(&[(origin, "*"), (rate, "0")]), Ok(None));
    assert!(judged(&[(rate, "100")]).unwrap_err().contains("no WebHook-Allowed-Origin"));
    assert!(judged(&[(origin, "other.example")]).unwrap_err().contains("hooks.example.com"));
}
