//! Management bodies of the SimplyMeet.me API.

use rendezhook_dialects::simplymeet::management::{HookRequest, RequestError, invalid_arguments_body};
use rendezhook_dialects::simplymeet::{events, filter};
use rendezhook_domain::target::{AddressRule, Scheme, TargetPolicy};
use serde_json::Value;

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "simplymeet",
    words: &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "\"events\":",
        "\"url\":",
        "\"secret\":",
        "\"meetingScheduled\"",
        "\"meetingRescheduled\"",
        "\"meetingCanceled\"",
        "\"https://example.com/\"",
        "\\u0000",
        "\\ud800",
        "[[[[[[[[",
    ],
    judge,
};

fn judge(input: &[u8]) -> Result<String, String> {
    let policy = TargetPolicy::new(AddressRule::public());
    match HookRequest::parse(input, &policy) {
        Ok(hook) => {
            holds(!hook.events.is_empty(), || "a hook without events".to_owned())?;
            let target = hook.target.as_str();
            holds(hook.target.scheme() == Scheme::Https, || format!("{target} is not https"))?;
            let listed = events(&filter(&hook.events, None));
            let kept = hook.events.iter().all(|event| listed.contains(event));
            holds(kept, || format!("{:?} is listed as {listed:?}", hook.events))?;
            Ok(format!("hook on {listed:?}, secret: {}", hook.secret.is_some()))
        }
        Err(RequestError::InvalidArguments(wrong)) => {
            holds(!wrong.is_empty(), || "refused, and nothing is wrong".to_owned())?;
            let body = invalid_arguments_body(wrong.iter().map(|one| (one.field, one.sentence.as_str())));
            let body: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            holds(body.is_object(), || format!("the answer is {body}"))?;
            let said: Vec<String> =
                wrong.iter().map(|one| format!("{} {}", one.field, kind_of(&one.sentence))).collect();
            Ok(said.join(", "))
        }
        Err(error) => Ok(kind_of(&error.to_string())),
    }
}
