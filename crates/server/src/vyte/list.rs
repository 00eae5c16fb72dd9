//! `GET /hooks`: all hooks at once, which are at most a thousand.

use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::vyte::management;
use rendezhook_domain::subscription::Subscription;

use super::json;
use crate::access::{Access, Read};

pub(super) async fn version_1(access: Access<Read>) -> Response {
    json(StatusCode::OK, management::list_v1(visible(&access), &access.organization.organization))
}

pub(super) async fn version_2(access: Access<Read>) -> Response {
    json(StatusCode::OK, management::list_v2(visible(&access), &access.organization.organization))
}

/// The subscriptions the caller may know of; the dialect leaves out those that are no hooks.
fn visible(access: &Access<Read>) -> impl Iterator<Item = &Subscription> {
    let subscriptions = access.organization.subscriptions.iter().map(|entry| &entry.subscription);
    subscriptions.filter(|subscription| access.sees(subscription))
}
