//! The methods that requests of deliveries may have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The method of a delivery's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RequestMethod {
    /// Without a body: the request line and the headers are all there is.
    Get,
    /// What nearly every receiver expects.
    #[default]
    Post,
    /// As `POST`, with the body as the new state.
    Put,
    /// As `POST`, with the body as a change.
    Patch,
    /// Without a body.
    Delete,
}

impl RequestMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The name on the wire (RFC 9110, section 9.3; RFC 5789).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether requests carry a body. One in a GET or DELETE request has no meaning (RFC 9110, sections 9.3.1 and 9.3.5), and
    /// servers are known to refuse it.
    #[must_use]
    pub const fn carries_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

impl fmt::Display for RequestMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text names no method that deliveries can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a method of deliveries; there are: GET, POST, PUT, PATCH, DELETE")]
pub struct UnknownMethod(String);

impl FromStr for RequestMethod {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| UnknownMethod(text.chars().take(20).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name() {
        for method in RequestMethod::ALL {
            assert_eq!(method.name().parse(), Ok(method));
        }
        assert!("post".parse::<RequestMethod>().is_err());
        assert!("TRACE".parse::<RequestMethod>().is_err());
    }
}
