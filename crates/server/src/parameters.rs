//! What a request names in its path and its query.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::state::ServerState;

/// Query parameters of a known form. Unknown ones are refused where `T` denies them.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<ServerState> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &ServerState) -> Result<Self, Failure> {
        let Query(parameters) = Query::<T>::try_from_uri(&parts.uri).map_err(|error| {
            let reason =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Failure::invalid_request(format!("the query is not valid: {reason}"))
        })?;
        Ok(Self(parameters))
    }
}

/// Parameters of the path, percent-decoded. A path that does not decode to UTF-8 names nothing that exists.
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<ServerState> for PathParameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(_not_decodable) => Err(Failure::not_found("thing")),
        }
    }
}

/// Reads an optional query parameter.
pub(crate) fn parsed<T: FromStr<Err: Display>>(name: &str, text: Option<&str>) -> Result<Option<T>, Failure> {
    text.map(str::parse).transpose().map_err(|error| {
        Failure::invalid_request(format!("the query parameter {name} is not valid: {error}"))
    })
}
