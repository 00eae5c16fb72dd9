//! A request that is not done: one type for every reason and every surface.
//!
//! Handlers, extractors, the router and the limits all answer with a [`Failure`]. It travels in the response's extensions to
//! the outermost layer, which writes it in the form of the surface the request came to.

mod kind;
mod sources;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::kind::FailureKind;

/// What is wrong with one part of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// What is wrong and what would be right.
    pub(crate) detail: String,
    /// Where it is: a JSON pointer (RFC 6901) into the body. Of many lines, the first part counts them from 0.
    #[schema(example = "/3/resource_kind")]
    pub(crate) pointer: String,
}

impl FieldError {
    /// The member of the body in which the wrong part lies.
    pub(crate) fn first_member(&self) -> &str {
        self.pointer.split('/').nth(1).unwrap_or_default()
    }
}

/// How many wrong fields are named at most.
const MAXIMUM_FIELD_ERRORS: usize = 20;

/// A request that is not done, and why.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    kind: FailureKind,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
}

impl Failure {
    /// A failure with a sentence that says what to do.
    pub(crate) fn new(kind: FailureKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code: kind.code(), detail: detail.into(), errors: Vec::new(), retry_after_seconds: None }
    }

    /// One wrong field; `pointer` is a JSON pointer into the body.
    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { detail: detail.into(), pointer: pointer.into() }])
    }

    /// Wrong fields, at least one. At most 20 are named.
    pub(crate) fn fields(mut errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            several => format!("{} fields are not valid; each is named in \"errors\"", several.len()),
        };
        errors.truncate(MAXIMUM_FIELD_ERRORS);
        let kind = FailureKind::InvalidFields;
        Self { errors, ..Self::new(kind, detail) }
    }

    /// No key, or one that nobody has. Both look alike.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            FailureKind::Unauthenticated,
            "the request carries no API key or one that is not valid; send it as \"Authorization: Bearer <key>\"",
        )
    }

    /// There is no such thing, or it belongs to another organization. Both look alike.
    pub(crate) fn not_found(noun: &'static str) -> Self {
        Self::new(FailureKind::NotFound, format!("there is no such {noun}"))
    }

    /// A header or query parameter is wrong.
    pub(crate) fn invalid_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureKind::InvalidRequest, detail)
    }

    /// Our fault. The cause goes to the log, not to the client.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(cause), "a request failed inside the server");
        Self::new(
            FailureKind::Internal,
            "the server could not do this; its log says why under this request's id",
        )
    }

    /// Why the request is not done.
    pub(crate) const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The same failure of a part of the body: the part's place comes before every pointer.
    pub(crate) fn below(mut self, place: &str) -> Self {
        if self.errors.is_empty() {
            return self;
        }
        for error in &mut self.errors {
            error.pointer.insert_str(0, place);
        }
        Self::fields(self.errors)
    }

    /// The same failure under a code of its surface's own.
    pub(crate) const fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same failure, with the time after which the request is worth repeating.
    pub(crate) const fn retried_after_seconds(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// After how many seconds the request is worth repeating (`Retry-After`, RFC 9110, section 10.2.3), if that is known.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let of_kind = (self.kind == FailureKind::Unavailable).then_some(1);
        self.retry_after_seconds.or(of_kind)
    }

    /// The word for programs.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// What happened and what to do about it.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The wrong fields.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and everything that led to it, in one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
