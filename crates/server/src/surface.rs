//! Which API a request speaks, and how that API writes a failure.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use rendezhook_dialects::vyte::management::{ManagementError, error_body};
use rendezhook_dialects::{doo, simplymeet};
use serde::Serialize;
use utoipa::ToSchema;

use axum::response::Response;

use crate::failure::{Failure, FailureKind, FieldError};
use crate::vyte::join;

/// The APIs that live on one port. Their paths do not collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// The Vyte API, v1 and v2.
    Vyte,
    /// The API of SimplyMeet.me.
    SimplyMeet,
    /// The API of doo.
    Doo,
    /// Pages for people: the join link.
    Page,
    /// Our own, and everything that is no API.
    Native,
}

/// A failure on the native surface: problem details after RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// The place in the documentation that explains this kind of failure.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#not_found")]
    kind: String,
    /// What kind of failure it is, in words that do not change.
    #[schema(example = "It does not exist")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// The kind of failure for programs.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What happened here and what to do about it.
    #[schema(example = "there is no such subscription")]
    detail: &'a str,
    /// Which parts of the body are wrong; at most 20 are named.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// The request's id, which is in the header `x-request-id` and in the server's log too.
    #[schema(example = "req_0198b2f0c0de7000800000000000abcd")]
    instance: &'a str,
}

impl Surface {
    /// The surface to which a path belongs.
    pub(crate) fn of(path: &str) -> Self {
        let begins_with = |prefix| {
            let rest: Option<&str> = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if begins_with("/hooks") || begins_with("/v2") {
            Self::Vyte
        } else if begins_with("/api/webhooks") {
            Self::SimplyMeet
        } else if begins_with("/v1") {
            Self::Doo
        } else if begins_with("/organizations") {
            Self::Page
        } else {
            Self::Native
        }
    }

    /// Writes a failure into its response, in the form of this surface.
    pub(crate) fn write(self, failure: &Failure, request_id: &str, response: &mut Response) {
        let (status, media_type, body) = match self {
            Self::Native => native(failure, request_id),
            Self::Vyte => vyte(failure),
            Self::SimplyMeet => simplymeet(failure),
            Self::Doo => doo(failure),
            Self::Page => {
                let status = failure.kind().status();
                let (headers, page) = join::failure(status);
                response.headers_mut().extend(headers);
                (status, "text/html; charset=utf-8", page)
            }
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        // RFC 9110, section 11.6.1: a 401 names a challenge.
        if failure.kind() == FailureKind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = failure.retry_after_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let answers_nothing = headers.get(ALLOW).is_some_and(HeaderValue::is_empty);
        if answers_nothing {
            headers.remove(ALLOW);
        }
        *response.body_mut() = axum::body::Body::from(body);
    }
}

fn native(failure: &Failure, request_id: &str) -> (StatusCode, &'static str, Bytes) {
    let kind = failure.kind();
    let problem = Problem {
        kind: format!("/docs/problems#{}", kind.code()),
        title: kind.title(),
        status: kind.status().as_u16(),
        code: failure.code(),
        detail: failure.detail(),
        errors: failure.errors(),
        instance: request_id,
    };
    (kind.status(), "application/problem+json", json(&problem))
}

fn vyte(failure: &Failure) -> (StatusCode, &'static str, Bytes) {
    // The Vyte reference lists neither 409 nor 422: every request that is wrong in itself is a 400.
    let status = match failure.kind() {
        FailureKind::InvalidFields | FailureKind::LimitReached | FailureKind::Conflict => {
            StatusCode::BAD_REQUEST
        }
        kind => kind.status(),
    };
    let body = match failure.kind() {
        FailureKind::Unauthenticated => ManagementError::Unauthorized.body(),
        FailureKind::Forbidden => ManagementError::Forbidden.body(),
        _ => error_body(failure.code(), failure.detail()),
    };
    (status, "application/json", Bytes::from(body))
}

fn simplymeet(failure: &Failure) -> (StatusCode, &'static str, Bytes) {
    let status = failure.kind().status();
    let sentence = match failure.kind() {
        FailureKind::InvalidFields => {
            let arguments =
                failure.errors().iter().map(|error| (error.first_member(), error.detail.as_str()));
            let body = simplymeet::management::invalid_arguments_body(arguments);
            return (status, "application/json", Bytes::from(body));
        }
        FailureKind::Unauthenticated => "Invalid API key.",
        FailureKind::Forbidden => {
            "This API key is not allowed to do that; use one of scope integrator or admin."
        }
        FailureKind::NotFound => simplymeet::management::NOT_FOUND,
        FailureKind::MethodNotAllowed => "Method not allowed.",
        _ => failure.detail(),
    };
    let body = simplymeet::management::error_body(status.as_u16(), sentence);
    (status, "application/json", Bytes::from(body))
}

fn doo(failure: &Failure) -> (StatusCode, &'static str, Bytes) {
    // The document knows one status for every request that is wrong in itself.
    let status = match failure.kind() {
        FailureKind::InvalidFields | FailureKind::LimitReached | FailureKind::Conflict => {
            StatusCode::BAD_REQUEST
        }
        kind => kind.status(),
    };
    // One text for every key and token that is not valid, and one for people beside the one for developers.
    let (developer_message, user_message) = match failure.kind() {
        FailureKind::Unauthenticated => (
            "send a valid API key in x-api-key and, except to delete, \"Authorization: Bearer <token>\" with a token of the \
             same organization that POST /v1/oauth answered within the last 24 hours",
            "The API key, the token or the client's credentials are not valid",
        ),
        kind => (failure.detail(), kind.title()),
    };
    let body = doo::management::error_body(status.as_u16(), developer_message, user_message);
    (status, "application/json", Bytes::from(body))
}

/// Text and numbers alone cannot fail to be written.
fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Surface;

    #[test]
    fn paths_belong_to_the_surface_of_their_first_part() {
        for path in [
            "/hooks",
            "/hooks/",
            "/hooks/5a4e41aaa8ced3001bf5da77",
            "/v2",
            "/v2/hooks",
            "/v2/auth/test",
            "/v2/x",
        ] {
            assert_eq!(Surface::of(path), Surface::Vyte, "{path}");
        }
        for path in ["/api/webhooks", "/api/webhooks/", "/api/webhooks/3e687c78-a8b8-4837-9333-57e3d807e61c"]
        {
            assert_eq!(Surface::of(path), Surface::SimplyMeet, "{path}");
        }
        for path in ["/organizations", "/organizations/60af5269459aad001d0cb565/join"] {
            assert_eq!(Surface::of(path), Surface::Page, "{path}");
        }
        for path in ["/v1", "/v1/oauth", "/v1/team/1/webhooks", "/v1/x"] {
            assert_eq!(Surface::of(path), Surface::Doo, "{path}");
        }
        for path in [
            "/",
            "/v10/oauth",
            "/api/webhooksmith",
            "/hooksmith",
            "/v20/hooks",
            "/api/v1/subscriptions",
            "/api/hooks",
            "",
        ] {
            assert_eq!(Surface::of(path), Surface::Native, "{path}");
        }
    }
}
