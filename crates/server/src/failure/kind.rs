//! The kinds of failure there are.

use http::StatusCode;

/// Makes the kinds of failure: explanation for people, variant, status, code on the wire, title.
macro_rules! failure_kinds {
    ($(#[doc = $explanation:literal] $variant:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// Why a request is not done. Code and title never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum FailureKind {
            $(#[doc = $explanation] $variant,)*
        }

        impl FailureKind {
            /// Every kind.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The HTTP status on the native surface.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The word for programs.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means and what to do about it.
            pub(crate) fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation.trim_ascii(),)* }
            }

            /// The sentence for people, the same for every occurrence.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

failure_kinds! {
    /// The body is no JSON; the detail names line and column.
    InvalidJson = BAD_REQUEST, "invalid_json", "The body is not valid JSON";
    /// A header, a query parameter or an id in the path is wrong; the detail says which.
    InvalidRequest = BAD_REQUEST, "invalid_request", "The request is not valid";
    /// There is no key, or one that is unknown, expired or revoked; all of them look alike.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "A valid API key is needed";
    /// The key's scope does not permit it; the detail names the scopes that do.
    Forbidden = FORBIDDEN, "forbidden", "The API key does not permit this";
    /// There is no such thing, or it belongs to another organization; both look alike.
    NotFound = NOT_FOUND, "not_found", "It does not exist";
    /// The path does not take the method; the header Allow names those it takes.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here";
    /// The body did not arrive in time; send the request again.
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "The request took too long to arrive";
    /// Somebody else changed it in between, or it exists already; read it again and repeat.
    Conflict = CONFLICT, "conflict", "The request conflicts with the current state";
    /// There are as many as there may be; delete some first.
    LimitReached = CONFLICT, "limit_reached", "A limit is reached";
    /// The resource has another version than the one named; read it again and repeat.
    VersionMismatch = PRECONDITION_FAILED, "version_mismatch", "The resource has another version";
    /// The body is longer than allowed, or holds too many items; send less at once.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    /// The body is of a media type that is not read here; send application/json.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body's media type is not supported";
    /// The JSON is understood and some of it is wrong; the member errors names each place and what would be right.
    InvalidFields = UNPROCESSABLE_ENTITY, "invalid_fields", "Some fields are not valid";
    /// The idempotency key was used for another request within 24 hours; use a new key for a new request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The idempotency key was used for another request";
    /// As many deliveries of the organization wait as may; repeat the request after the time in Retry-After, when some of them are made.
    QuotaReached = TOO_MANY_REQUESTS, "quota_reached", "Too many deliveries wait";
    /// The server failed; its log says why under the request's id.
    Internal = INTERNAL_SERVER_ERROR, "internal", "The server failed";
    /// The server cannot do it for the moment; repeat the request after the time in Retry-After.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The server cannot do this right now";
}
