//! Headers that customers and operators may add to requests.
//!
//! Values are secrets as often as not: whoever keeps them seals them, and these messages never repeat them.

#[cfg(test)]
mod tests;

/// How many headers may be added to the requests of one subscription.
pub const MAXIMUM_CUSTOM_HEADERS: usize = 20;
/// The longest name of an added header, in bytes.
pub const MAXIMUM_HEADER_NAME_LENGTH: usize = 256;
/// The longest value of an added header, in bytes.
pub const MAXIMUM_HEADER_VALUE_LENGTH: usize = 4_096;

/// Names that frame the message, say who sends it, or mean something to a proxy on the way.
const REFUSED_NAMES: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// Beginnings of names that belong to proxies, clouds, or the delivery itself.
const REFUSED_BEGINNINGS: [&str; 7] =
    ["proxy-", "rendezhook-", "webhook-", "x-amz-", "x-forwarded-", "x-goog-", "x-rendezhook-"];

/// Checks all headers of one subscription: their number, each name and value, and that no name comes twice.
///
/// # Errors
///
/// The first [`HeaderError`] found, in the customer's words.
pub fn check_custom_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), HeaderError> {
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in headers {
        if seen.len() == MAXIMUM_CUSTOM_HEADERS {
            return Err(HeaderError::TooMany);
        }
        check_header_name(name)?;
        check_header_value(name, value)?;
        if seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(HeaderError::Twice { name: name.to_owned() });
        }
        seen.push(name);
    }
    Ok(())
}

/// Checks the name of a header that a customer or operator adds: a token (RFC 9110, section 5.6.2) that is not
/// reserved. Upper and lower case are the same.
///
/// # Errors
///
/// [`HeaderError`] when the name is empty, too long, no token, or reserved.
pub fn check_header_name(name: &str) -> Result<(), HeaderError> {
    if name.is_empty() {
        return Err(HeaderError::NameEmpty);
    }
    if name.len() > MAXIMUM_HEADER_NAME_LENGTH {
        return Err(HeaderError::NameTooLong { length: name.len() });
    }
    if !name.bytes().all(is_token_byte) {
        return Err(HeaderError::NameCharacter);
    }
    let lower = name.to_ascii_lowercase();
    let reserved = REFUSED_NAMES.contains(&lower.as_str())
        || REFUSED_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning));
    if reserved {
        return Err(HeaderError::Reserved { name: name.to_owned() });
    }
    Ok(())
}

/// Checks the value of the header `name`: visible ASCII, space and tab, at most
/// [`MAXIMUM_HEADER_VALUE_LENGTH`] bytes. Call it again when a value is put together at send time, from a fetched
/// token for example.
///
/// # Errors
///
/// [`HeaderError`] when the value is too long or has other characters, line ends above all.
pub fn check_header_value(name: &str, value: &str) -> Result<(), HeaderError> {
    if value.len() > MAXIMUM_HEADER_VALUE_LENGTH {
        return Err(HeaderError::ValueTooLong { name: name.to_owned(), length: value.len() });
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t') {
        return Err(HeaderError::ValueCharacter { name: name.to_owned() });
    }
    Ok(())
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Why a header cannot be added. The messages repeat names, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// More headers than allowed.
    #[error("at most {MAXIMUM_CUSTOM_HEADERS} headers can be added")]
    TooMany,
    /// One name twice.
    #[error("the header `{name}` is given twice; give it once")]
    Twice {
        /// The name as it was given.
        name: String,
    },
    /// No name.
    #[error("a header has no name")]
    NameEmpty,
    /// The name is too long.
    #[error("a header name has {length} bytes; at most {MAXIMUM_HEADER_NAME_LENGTH} are allowed")]
    NameTooLong {
        /// What was given, in bytes.
        length: usize,
    },
    /// The name has a blank, colon, line end or other character that names do not have. The name is not repeated.
    #[error(
        "a header name contains a character that header names cannot have; use letters, digits and hyphens"
    )]
    NameCharacter,
    /// The name is set by this server, or means something to a proxy on the way.
    #[error(
        "the header `{name}` is set by this server or by proxies and cannot be added; choose another name"
    )]
    Reserved {
        /// The name as it was given.
        name: String,
    },
    /// The value is too long.
    #[error(
        "the value of the header `{name}` has {length} bytes; at most {MAXIMUM_HEADER_VALUE_LENGTH} are allowed"
    )]
    ValueTooLong {
        /// The name as it was given.
        name: String,
        /// What was given, in bytes.
        length: usize,
    },
    /// The value has a line end or another character outside visible ASCII.
    #[error("the value of the header `{name}` contains a character outside visible ASCII, space and tab")]
    ValueCharacter {
        /// The name as it was given.
        name: String,
    },
}
