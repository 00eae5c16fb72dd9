//! Headers that the owner of a subscription adds to its deliveries.

use std::collections::BTreeMap;

use rendezhook_domain::subscription::TargetAuthentication;
use rendezhook_domain::target::{check_custom_headers, check_header_name, check_header_value};
use rendezhook_secrets::{SecretHeader, SharedSecret};
use rendezhook_store::catalogue::SubscriptionEntry;

use crate::native::fields::FieldChecks;

/// What stands for a value wherever headers are shown.
pub(super) const HIDDEN: &str = "[hidden]";

/// Checks names and values, each by itself and all together.
pub(super) fn check(checks: &mut FieldChecks, given: BTreeMap<String, String>) -> Vec<SecretHeader> {
    let mut each_is_right = true;
    for (name, value) in &given {
        let pointer = pointer(name);
        let checked = check_header_name(name).and_then(|()| check_header_value(name, value));
        each_is_right &= checks.check(pointer.as_str(), checked).is_some();
        if value == HIDDEN {
            each_is_right = false;
            checks.refuse(pointer, "this stands for a value that is not shown; send the value itself");
        }
    }
    if each_is_right {
        let pairs = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        checks.check("/headers", check_custom_headers(pairs));
    }
    given.into_iter().map(|(name, value)| SecretHeader::new(name, value)).collect()
}

/// Refuses headers that the authentication sets too: one of the two would be lost.
pub(super) fn refuse_clash<'a>(
    checks: &mut FieldChecks,
    names: impl IntoIterator<Item = &'a str>,
    authentication: &TargetAuthentication,
) {
    let taken = authentication.header();
    for name in names.into_iter().filter(|name| name.eq_ignore_ascii_case(taken)) {
        checks.refuse(pointer(name), "the authentication sets this header; leave one of the two out");
    }
}

/// As [`refuse_clash`], for what an update leaves in force. The authentication of an update is `Some(None)` when it ends.
pub(super) fn refuse_clash_of_update(
    checks: &mut FieldChecks,
    headers: Option<&[SecretHeader]>,
    authentication: Option<&Option<(TargetAuthentication, SharedSecret)>>,
    current: &SubscriptionEntry,
) {
    let in_force = match authentication {
        Some(changed) => changed.as_ref().map(|(authentication, _secret)| authentication),
        None => current.subscription.authentication.as_ref(),
    };
    if let Some(in_force) = in_force {
        let headers = headers.unwrap_or(&current.headers);
        refuse_clash(checks, headers.iter().map(|header| header.name.as_ref()), in_force);
    }
}

/// Where a header stands in a body (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"))
}
