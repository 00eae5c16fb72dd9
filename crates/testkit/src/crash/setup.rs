//! What a run needs before it begins: an organization, keys, and a subscription for each receiver.

use http::Method;
use rendezhook_receive::signature::{Secret, Style, Verifier};
use serde_json::{Value, json};

use super::CrashError;
use super::calls::{created, expect, text};
use crate::backfiller::{self, Source};
use crate::client::Client;
use crate::planner;
use crate::process::ServerProcess;
use crate::receiver::Receiver;

/// Receivers from this place on are hooks of the Vyte API.
const FIRST_VYTE_RECEIVER: usize = 4;

/// The actions of the publishers.
const PUBLISHED_ACTIONS: [&str; 2] = ["event.created", "event.updated"];

/// The organization of a run.
pub(super) struct Organization {
    pub(super) admin_key: String,
    pub(super) publisher_key: String,
    /// The path of the timer that its bookings have.
    pub(super) timer: String,
    /// What new subscriptions get the messages of.
    pub(super) source: Source,
}

/// Makes the organization, its keys, its timer and its subscriptions, and tells the receivers their secrets. What is told at a time
/// goes to a receiver of its own, and so do backfills and what they repeat.
pub(super) async fn prepare(
    server: &ServerProcess,
    operator_key: &str,
    receivers: &[Receiver],
    told: &Receiver,
    backfilled: &Receiver,
) -> Result<Organization, CrashError> {
    let mut client = Client::new(server.address(), operator_key);
    let organization = created(&mut client, "/api/v1/organizations", &json!({"name": "Crash run"})).await?;
    let id = text(&organization, "id");
    let keys = format!("/api/v1/organizations/{id}/keys");
    let mut keys_made = Vec::new();
    for scope in ["admin", "publisher"] {
        let key = created(&mut client, &keys, &json!({"name": scope, "scope": scope})).await?;
        keys_made.push(text(&key, "key"));
    }
    let [admin_key, publisher_key] = <[String; 2]>::try_from(keys_made).unwrap_or_default();

    let mut client = Client::new(server.address(), &admin_key);
    for (number, receiver) in receivers.iter().enumerate() {
        let id = if number < FIRST_VYTE_RECEIVER {
            subscribe_native(&mut client, receiver, &PUBLISHED_ACTIONS).await?
        } else {
            subscribe_vyte(&mut client, receiver).await?
        };
        share_secret(&mut client, &id, receiver).await?;
    }
    let id = subscribe_native(&mut client, told, &planner::TOLD_ACTIONS).await?;
    share_secret(&mut client, &id, told).await?;
    let subscription = subscribe_native(&mut client, backfilled, &[backfiller::ARCHIVED]).await?;
    let secret = share_secret(&mut client, &subscription, backfilled).await?;
    let source = Source { subscription, target: backfilled.url(), secret };
    let timer = text(&created(&mut client, "/api/v1/timers", &planner::timer()).await?, "id");
    Ok(Organization { admin_key, publisher_key, timer: format!("/api/v1/timers/{timer}"), source })
}

async fn share_secret(client: &mut Client, id: &str, receiver: &Receiver) -> Result<String, CrashError> {
    let answer = expect(client, Method::GET, &format!("/api/v1/subscriptions/{id}/secret"), None).await?;
    let secret = text(&answer, "secret");
    let verifier = Verifier::new(Style::StandardWebhooks, &Secret::new(secret.clone()));
    receiver.verify_with(verifier.map_err(|_| CrashError::Secret)?);
    Ok(secret)
}

/// Retries every second, so that a run of failures ends within the settling time.
fn quick_retries() -> Value {
    json!([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

async fn subscribe_native(
    client: &mut Client,
    receiver: &Receiver,
    actions: &[&str],
) -> Result<String, CrashError> {
    let body = json!({
        "target_url": receiver.url(),
        "actions": actions,
        "retry_schedule_seconds": quick_retries(),
    });
    Ok(text(&created(client, "/api/v1/subscriptions", &body).await?, "id"))
}

/// A Vyte hook carries one action, so one receiver has two hooks; both belong to the same lane.
async fn subscribe_vyte(client: &mut Client, receiver: &Receiver) -> Result<String, CrashError> {
    let mut secret: Option<String> = None;
    let mut last = String::new();
    for action in PUBLISHED_ACTIONS {
        let body = json!({"action": action, "target_url": receiver.url()});
        let hook = created(client, "/v2/hooks", &body).await?;
        let id = native_id(client, &text(&hook, "_id")).await?;
        let path = format!("/api/v1/subscriptions/{id}");
        let schedule = json!({"retry_schedule_seconds": quick_retries()});
        expect(client, Method::PATCH, &path, Some(&schedule)).await?;
        match &secret {
            None => {
                let answer = expect(client, Method::GET, &format!("{path}/secret"), None).await?;
                secret = Some(text(&answer, "secret"));
            }
            Some(secret) => {
                let rotation = json!({"secret": secret, "overlap_seconds": 0});
                expect(client, Method::POST, &format!("{path}/secret/rotate"), Some(&rotation)).await?;
            }
        }
        last = id;
    }
    Ok(last)
}

/// The native id of a Vyte hook: it is an ordinary subscription and listed as one.
async fn native_id(client: &mut Client, hook_id: &str) -> Result<String, CrashError> {
    let list = expect(client, Method::GET, "/api/v1/subscriptions?limit=100", None).await?;
    let all = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let found = all.iter().find(|subscription| text(subscription, "vyte_hook_id") == hook_id);
    found.map(|subscription| text(subscription, "id")).ok_or_else(|| CrashError::Refused {
        call: format!("the subscription of the Vyte hook {hook_id}"),
        answer: "it is not in the native list".to_owned(),
    })
}
