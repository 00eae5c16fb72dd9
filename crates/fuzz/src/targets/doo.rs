//! Management bodies of the doo API.

use rendezhook_dialects::doo::management::{
    GroupRequest, MAXIMUM_HOOKS, RePushRequest, RequestError, TokenRequest, error_body,
};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Content;
use rendezhook_domain::target::{AddressRule, Scheme, TargetPolicy};
use serde_json::Value;

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "doo",
    words: &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "\"name\":",
        "\"description\":",
        "\"event_id\":",
        "\"hooks\":",
        "\"type\":",
        "\"event_created\"",
        "\"order_updated\"",
        "\"method\":\"POST\"",
        "\"endpoint\":\"https://example.com/\"",
        "\"origin\":",
        "\"body\":",
        "\"{\\\"query\\\":\\\"{a}\\\",\\\"variables\\\":{}}\"",
        "%EVENT_ID%",
        "\"authentication\":",
        "\"type\":\"oauth2\"",
        "\"client_id\":",
        "\"ids\":",
        "\"grant_type\":\"client_credentials\"",
        "\\u0000",
        "\\ud800",
        "[[[[[[[[",
    ],
    judge,
};

fn judge(input: &[u8]) -> Result<String, String> {
    let policy = TargetPolicy::new(AddressRule::public());
    let group = GroupRequest::parse(input, &policy);
    let re_push = RePushRequest::parse(input, ResourceKind::Event);
    let token = TokenRequest::parse(input);
    let others = [re_push.is_ok(), token.is_ok()];
    for error in [re_push.err(), token.err()].into_iter().flatten() {
        judge_refusal(&error)?;
    }
    match group {
        Ok(group) => {
            let count = group.hooks.len();
            holds((1..=MAXIMUM_HOOKS).contains(&count), || format!("a group of {count} hooks"))?;
            let name = group.name.chars().count();
            holds((1..=255).contains(&name), || format!("a name of {name} characters"))?;
            for hook in &group.hooks {
                let target = hook.target.as_str();
                holds(hook.target.scheme() == Scheme::Https, || format!("{target} is not https"))?;
                if let Content::Origin(origin) = &hook.content {
                    let parsed: Result<Value, _> = serde_json::from_str(&origin.body);
                    holds(parsed.is_ok(), || format!("an origin is asked with {}", origin.body))?;
                }
            }
            Ok(format!("{count} hooks, {others:?}"))
        }
        Err(error) => {
            judge_refusal(&error)?;
            Ok(format!("{}, {others:?}", kind_of(&error.to_string())))
        }
    }
}

/// A refusal names something, is bounded, and fits into the answer.
fn judge_refusal(error: &RequestError) -> Result<(), String> {
    if let RequestError::Invalid(fields) = error {
        holds(!fields.is_empty(), || "refused, and nothing is wrong".to_owned())?;
    }
    let message = error.to_string();
    holds(message.len() <= 16 * 1024, || format!("a message of {} bytes", message.len()))?;
    let body: Value =
        serde_json::from_slice(&error_body(400, &message, "")).map_err(|error| error.to_string())?;
    holds(body.get("developer_message").and_then(Value::as_str) == Some(&message), || body.to_string())
}
