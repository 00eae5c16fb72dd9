//! Keys that do not open: whatever is wrong with one, the answer is the same and takes as long.
//!
//! The work is compared by a statistic, since no hash and no look-up can be counted from outside: the median time of many
//! requests, taken in turn so that a busy machine slows all of them alike, with a bound that only work of another order breaks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixture::doo::{self, Doo};
use crate::fixture::{Answer, Api};

const ROUNDS: usize = 201;
/// How many times the median of one kind may be that of another. A look-up in the store, or a hash made to be slow, is
/// hundreds of times the time of what is compared; what a network adds hides far more than this.
const GREATEST_RATIO: f64 = 5.0;

/// Asks with each of these in turn, many times. The answers have to be the same, and the times of the same order.
async fn assert_alike<Credential>(
    credentials: &[(&str, Credential)],
    ask: impl AsyncFn(&Credential) -> Answer,
) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); credentials.len()];
    let mut refused: Option<Value> = None;
    for _ in 0..ROUNDS {
        for ((kind, credential), times) in credentials.iter().zip(&mut times) {
            let started = Instant::now();
            let answer = ask(credential).await;
            times.push(started.elapsed());
            assert_eq!(answer.status, 401, "{kind}: {answer:?}");
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("instance");
            assert_eq!(*refused.get_or_insert_with(|| body.clone()), body, "{kind}");
        }
    }
    let medians: Vec<(&str, Duration)> = credentials
        .iter()
        .zip(&mut times)
        .map(|((kind, _), times)| {
            times.sort_unstable();
            (*kind, times[ROUNDS / 2])
        })
        .collect();
    let slowest = medians.iter().map(|(_, time)| time.as_secs_f64()).fold(0.0, f64::max);
    let fastest = medians.iter().map(|(_, time)| time.as_secs_f64()).fold(f64::INFINITY, f64::min);
    assert!(slowest < fastest * GREATEST_RATIO, "{medians:?}");
}

#[tokio::test]
async fn keys_that_do_not_open_are_told_apart_neither_by_answer_nor_by_time() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let keys = format!("/api/v1/organizations/{organization}/keys");
    let made = async |expires_at: Value| {
        let wanted = json!({ "name": "x", "scope": "admin", "expires_at": expires_at });
        api.post(&keys, &key, wanted).await
    };
    let revoked = made(Value::Null).await;
    let path = format!("{keys}/{}", revoked.member("/id"));
    assert_eq!(api.call("DELETE", &path, &key, Value::Null).await.status, 204);
    let expired = made(json!("2026-01-15T09:31:00Z")).await;
    api.clock.advance_seconds(3_600);

    let mut wrong = key.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    let credentials = [
        ("malformed", String::from("x")),
        ("long", "x".repeat(4_000)),
        ("unknown", "0".repeat(key.len())),
        ("wrong in one character", wrong),
        ("revoked", revoked.member("/key")),
        ("expired", expired.member("/key")),
    ];
    assert_alike(&credentials, async |key| api.get("/api/v1/deliveries", key).await).await;
}

#[tokio::test]
async fn neither_is_an_unknown_client_from_a_wrong_secret() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let clients = format!("/api/v1/organizations/{}/oauth-clients", doo.organization);
    let known = api.post(&clients, &api.admin, json!({ "name": "client" })).await.json();
    let with = |id: &Value, secret: &str| {
        doo::credentials(&json!({ "client_id": id, "client_secret": secret })).to_string()
    };
    let credentials = [
        ("malformed", with(&json!("x"), &"0".repeat(50))),
        ("unknown", with(&json!("client_0198b2f0c0de70008000000000000001"), &"0".repeat(50))),
        ("wrong", with(&known["client_id"], &"0".repeat(50))),
    ];
    let ask = async |body: &String| doo::call(&api, "POST", "/v1/oauth", &doo.key, "", body).await;
    assert_alike(&credentials, ask).await;
}
