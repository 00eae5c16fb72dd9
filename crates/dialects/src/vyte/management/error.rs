//! What the API answers when it cannot do what was asked.

use http::StatusCode;
use serde::Serialize;

use rendezhook_domain::target::TargetUrlError;

use super::request::RequestKind;
use super::{MAXIMUM_HOOKS, OFFERED_ACTIONS};

/// How much of a client's text is repeated to it.
const REPEATED_CHARACTERS: usize = 80;

/// Why a management request is refused. Its text is the sentence that the client reads.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// There is no body.
    #[error("{}", missing_body(*.0))]
    BodyMissing(RequestKind),
    /// The body is not JSON; the source names line and column.
    #[error(
        "the body is not valid JSON: {0}; names and texts stand in double quotes, fields are separated by commas"
    )]
    InvalidJson(#[source] serde_json::Error),
    /// The body is JSON but no object.
    #[error("the body must be a JSON object with the fields action and target_url")]
    NotAnObject,
    /// Mandatory fields are missing or null.
    #[error("missing in the body: {}; action and target_url are both mandatory", .0.join(", "))]
    FieldsMissing(Vec<&'static str>),
    /// A field has another type.
    #[error("{0} must be a text")]
    NotAText(&'static str),
    /// The action is not offered.
    #[error("unknown action \"{name}\"; there are: {}", OFFERED_ACTIONS.join(", "))]
    UnknownAction {
        /// The beginning of what was sent.
        name: String,
    },
    /// The target URL is refused.
    #[error("invalid target_url: {0}")]
    InvalidTarget(#[source] TargetUrlError),
    /// The organization has as many hooks as it may have.
    #[error("the organization has {MAXIMUM_HOOKS} hooks already; delete one before you create another")]
    TooManyHooks,
    /// No key, or one that is not known.
    #[error("no valid API key; send yours in the header Authorization or in the query parameter api_key")]
    Unauthorized,
    /// The key may not do this.
    #[error("this API key is not allowed to do that; use one of scope integrator or admin")]
    Forbidden,
    /// There is no such hook in the organization.
    #[error("there is no hook with this id")]
    NotFound,
    /// The path is known, the method is not.
    #[error("this path does not take that method; it takes {allowed}")]
    MethodNotAllowed {
        /// The value of the field `Allow`.
        allowed: &'static str,
    },
}

fn missing_body(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Create => "the body is missing; send a JSON object with action and target_url",
        RequestKind::Update => {
            "the body is missing; PUT changes a hook and takes a JSON object with action and target_url: \
             to get a hook use GET, to delete it DELETE"
        }
    }
}

impl ManagementError {
    pub(super) fn unknown_action(name: &str) -> Self {
        Self::UnknownAction { name: name.chars().take(REPEATED_CHARACTERS).collect() }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyMissing(_)
            | Self::InvalidJson(_)
            | Self::NotAnObject
            | Self::FieldsMissing(_)
            | Self::NotAText(_)
            | Self::UnknownAction { .. }
            | Self::InvalidTarget(_)
            | Self::TooManyHooks => StatusCode::BAD_REQUEST,
        }
    }

    /// The code that a program reads. Never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BodyMissing(_) => "body_missing",
            Self::InvalidJson(_) => "invalid_json",
            Self::NotAnObject | Self::NotAText(_) => "invalid_body",
            Self::FieldsMissing(_) => "missing_field",
            Self::UnknownAction { .. } => "unknown_action",
            Self::InvalidTarget(_) => "invalid_target_url",
            Self::TooManyHooks => "too_many_hooks",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        error_body(self.code(), &self.to_string())
    }
}

/// `{"error":"<code>","message":"<sentence>"}`, the one form of every error on this surface.
#[must_use]
pub fn error_body(code: &str, message: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        error: &'a str,
        message: &'a str,
    }
    // Two texts always fit into JSON.
    serde_json::to_vec(&Body { error: code, message }).unwrap_or_default()
}
