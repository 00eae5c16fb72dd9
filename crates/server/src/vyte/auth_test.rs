//! `GET /v2/auth/test`: whose key it is.

use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::vyte::management;

use super::json;
use crate::access::{Access, Read};

pub(super) async fn show(access: Access<Read>) -> Response {
    json(StatusCode::OK, management::organization(&access.organization.organization))
}
