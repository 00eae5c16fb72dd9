//! Deliveries for which something is fetched first.

mod origins;
mod questions;
mod secrets;
mod tokens;

use std::time::Duration;

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Content, DooHook, Hook, Origin, RequestMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_store::change::NewSubscription;
use rendezhook_store::record::{AttemptRecord, AttemptResult};
use uuid::Uuid;

use crate::world::{World, pass};

/// The wait between two attempts by [`slow_options`], its spread included.
const NEXT_ATTEMPT: Duration = Duration::from_secs(125);

/// Attempts a hundred seconds apart.
fn slow_options() -> DeliveryOptions {
    let mut delays = [Duration::from_secs(100); 12];
    delays[0] = Duration::ZERO;
    DeliveryOptions { retry: RetryPolicy::from_delays(&delays), ..DeliveryOptions::default() }
}

/// Lets the time of the next attempt come. None may be under way: it would have had its time.
async fn next_attempt(world: &World) {
    world.clock.advance(NEXT_ATTEMPT);
    pass(NEXT_ATTEMPT).await;
}

fn url(text: &str) -> TargetUrl {
    TargetUrl::parse(text, &TargetPolicy::stored()).unwrap()
}

/// What a hook of the doo API is made of, with a body from this origin.
fn doo_hook(new: &mut NewSubscription, method: RequestMethod, endpoint: TargetUrl, body: &str) {
    new.hook = Hook::Doo(DooHook { group: Uuid::now_v7(), name: "Clinic".into(), position: 0 });
    new.content = Content::Origin(Origin { method, endpoint, body: body.into() });
}

/// The kept attempt with this number of the oldest delivery.
async fn attempt(world: &World, number: u16) -> AttemptRecord {
    let delivery = world.deliveries().await[0].id;
    let mut attempts = world.attempts(delivery).await.into_iter();
    attempts.find(|attempt| attempt.number == number).expect("failed attempts are kept")
}

/// Waits until the oldest delivery has had so many attempts, and says where and how the last one failed.
async fn failure(world: &World, number: u16) -> (Stage, AttemptResult) {
    world.until(|deliveries| deliveries[0].attempts == number).await;
    let attempt = attempt(world, number).await;
    (attempt.stage, attempt.result)
}

/// Head, answer's head and answer's body of a failed attempt.
fn exchange(attempt: &AttemptRecord) -> [String; 3] {
    let exchange = attempt.exchange.as_ref().expect("the exchange of a failed attempt is kept");
    [&exchange.request_head, &exchange.response_head, &exchange.response_body]
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}
