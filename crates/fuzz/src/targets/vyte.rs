//! Management bodies of the Vyte API.

use rendezhook_dialects::vyte::management::{HookRequest, RequestKind};
use rendezhook_domain::target::{AddressRule, Scheme, TargetPolicy};
use serde_json::Value;

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "vyte",
    words: &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "true",
        "{\"action\":",
        "\"target_url\":",
        "\"event.confirmed\"",
        "\"event.cancelled\"",
        "\"https://example.com/\"",
        "\"http://localhost/\"",
        "\\u0000",
        "\\ud800",
        "[[[[[[[[",
    ],
    judge,
};

fn judge(input: &[u8]) -> Result<String, String> {
    let policy = TargetPolicy::new(AddressRule::public());
    let read = HookRequest::parse(input, RequestKind::Create, &policy);
    let update = HookRequest::parse(input, RequestKind::Update, &policy);
    holds(read.is_ok() == update.is_ok(), || "it makes a hook or changes one, not both".to_owned())?;
    match read {
        Ok(hook) => {
            let target = hook.target.as_str();
            holds(hook.target.scheme() == Scheme::Https, || format!("{target} is not https"))?;
            let filter = hook.filter(None);
            holds(!filter.actions.is_empty(), || "a hook without actions".to_owned())?;
            let sent = serde_json::json!({"action": hook.action.as_str(), "target_url": target}).to_string();
            let again = HookRequest::parse(sent.as_bytes(), RequestKind::Create, &policy);
            let again = again.map_err(|error| format!("{sent} is refused: {error}"))?;
            holds(again == hook, || format!("{sent} is another hook"))?;
            Ok(format!("hook on {}", hook.action))
        }
        Err(error) => {
            let body: Value = serde_json::from_slice(&error.body()).map_err(|error| error.to_string())?;
            holds(body.is_object(), || format!("the answer is {body}"))?;
            Ok(kind_of(&error.to_string()))
        }
    }
}
