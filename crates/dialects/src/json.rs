//! Writing JSON by hand around bytes that are JSON already.

/// Appends a text as a JSON string, quoted and escaped.
pub(crate) fn append_string(body: &mut Vec<u8>, text: &str) -> Result<(), serde_json::Error> {
    serde_json::to_writer(body, text)
}
