//! Checks of a subscription's members, the same for a new one and for a change.

use std::sync::Arc;

use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::subscription::{Content, RateLimit, RequestMethod, VerificationMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_graphql::GraphQl;
use rendezhook_secrets::SigningSecret;
use serde_json::{Map, Value, json};

use crate::native::fields::FieldChecks;

/// How many patterns a subscription may have.
const MAXIMUM_ACTIONS: usize = 50;
/// The longest description, in characters.
const MAXIMUM_DESCRIPTION: usize = 255;

/// The URL to which deliveries go.
pub(super) fn target_url(checks: &mut FieldChecks, text: &str, policy: &TargetPolicy) -> Option<TargetUrl> {
    checks.check("/target_url", TargetUrl::parse(text, policy))
}

/// The method of deliveries.
pub(super) fn method(checks: &mut FieldChecks, text: &str) -> Option<RequestMethod> {
    checks.parse("/method", text)
}

/// How the target shows that it wants deliveries.
pub(super) fn verification(checks: &mut FieldChecks, text: &str) -> Option<VerificationMethod> {
    checks.parse("/verification", text)
}

/// The query whose answers are the bodies of deliveries. It is checked with values such as an action gives its variables; a user
/// is only certain where the subscription is for one.
pub(super) fn select(
    checks: &mut FieldChecks,
    query: &str,
    user: Option<&str>,
    graphql: &GraphQl,
) -> Option<Content> {
    let given = [
        ("id", json!("id")),
        ("kind", json!("event")),
        ("action", json!("event.created")),
        ("user", user.map_or(Value::Null, Value::from)),
    ];
    let variables: Map<String, Value> =
        given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    checks.check("/select", graphql.check(query, None, Some(&variables)))?;
    Some(Content::Select(Arc::from(query)))
}

/// Refuses bodies that are selected for requests that have none; `pointer` names the member that asks for it.
pub(super) fn body_fits(checks: &mut FieldChecks, pointer: &str, method: RequestMethod, content: &Content) {
    if matches!(content, Content::Select(_)) && !method.carries_body() {
        checks.refuse(pointer, format!("a {method} request carries no body that could be selected"));
    }
}

/// The event whose actions alone are wanted.
pub(super) fn event(checks: &mut FieldChecks, text: &str) -> Option<Arc<str>> {
    checks.check("/event", ResourceId::new(text)).map(|_id| Arc::from(text))
}

/// The wanted actions: at least one, none twice.
pub(super) fn actions(checks: &mut FieldChecks, texts: &[String]) -> Option<Vec<ActionPattern>> {
    if texts.is_empty() || texts.len() > MAXIMUM_ACTIONS {
        checks.refuse("/actions", format!("name 1 to {MAXIMUM_ACTIONS} actions, or \"*\" for all"));
        return None;
    }
    let mut patterns = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let pattern: ActionPattern = checks.parse(format!("/actions/{index}"), text)?;
        if patterns.contains(&pattern) {
            checks.refuse(format!("/actions/{index}"), "this action is named twice; name it once");
            return None;
        }
        patterns.push(pattern);
    }
    Some(patterns)
}

/// What its owner calls it.
pub(super) fn description(checks: &mut FieldChecks, text: &str) {
    checks.text("/description", text, 0, MAXIMUM_DESCRIPTION);
}

/// Its own waits between attempts.
pub(super) fn retry_schedule(checks: &mut FieldChecks, seconds: &[u64]) -> Option<RetryPolicy> {
    checks.check("/retry_schedule_seconds", RetryPolicy::from_seconds(seconds))
}

/// The most deliveries a second to its endpoint.
pub(super) fn rate_limit(checks: &mut FieldChecks, per_second: u32) -> Option<RateLimit> {
    checks.check("/rate_limit", RateLimit::new(per_second))
}

/// A secret that the customer brings along.
pub(super) fn secret(checks: &mut FieldChecks, text: &str) -> Option<SigningSecret> {
    checks.check("/secret", SigningSecret::parse(text))
}
