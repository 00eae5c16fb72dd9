//! What the tests of requests, lists and answers share.

mod answers;
mod groups;
mod listing;
mod pushes;

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::subscription::{Dialect, DooHook, Hook, Subscription};
use rendezhook_domain::target::{AddressRule, TargetPolicy};
use rendezhook_secrets::SharedSecret;

use super::*;
use crate::fixture;

/// The group of the document's first example, as it is listed.
const FIRST_EXAMPLE: &str = include_str!("tests/first_example.json");
/// The group of the document's second example, whose bodies come from GraphQL, as it is listed.
const SECOND_EXAMPLE: &str = include_str!("tests/second_example.json");

const ADDRESS: &str = "https://integration.example.com";
const GROUP: Uuid = Uuid::from_u128(0x38cc_7e8d_d107_11e7_bde8_0206_1167_76d1);

fn parse(body: &str) -> Result<GroupRequest, RequestError> {
    GroupRequest::parse(body.as_bytes(), &TargetPolicy::new(AddressRule::default()))
}

/// What is wrong, as `place: sentence`.
fn wrong(refused: RequestError) -> Vec<String> {
    match refused {
        RequestError::Invalid(fields) => fields.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The subscriptions that a request makes, with the secret of each.
fn subscriptions(request: &GroupRequest, group: Uuid) -> Vec<(Subscription, Option<SharedSecret>)> {
    let (authentication, secret) = request.authentication.clone().unzip();
    let subscription = |(position, hook): (usize, &HookRequest)| {
        let mut subscription = fixture::subscription(Dialect::Doo, "event.created");
        let position = u16::try_from(position).unwrap();
        subscription.number = SubscriptionNumber::new(u32::from(position));
        subscription.hook = Hook::Doo(DooHook { group, name: Arc::clone(&request.name), position });
        subscription.description = Arc::clone(&request.description);
        subscription.target = hook.target.clone();
        subscription.method = hook.method;
        subscription.content = hook.content.clone();
        subscription.authentication = authentication.clone();
        subscription.filter = hook.hook_type.filter(None, request.event.clone());
        (subscription, secret.clone())
    };
    request.hooks.iter().enumerate().map(subscription).collect()
}

fn listed(made: &[(Subscription, Option<SharedSecret>)]) -> impl Iterator<Item = ListedHook<'_>> {
    made.iter().map(|(subscription, secret)| (subscription, secret.as_ref()))
}

/// The group that is shown of what a body makes.
fn shown(body: &str) -> Value {
    let made = subscriptions(&parse(body).unwrap(), GROUP);
    let organization = fixture::organization();
    let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
    json(fixture::text(&group(listed(&made), GROUP, surroundings).unwrap()))
}
