//! Headers whose values are secrets.

use std::sync::Arc;

use crate::secret::Secret;

/// A header that the owner of a subscription has sent with its deliveries. Its value is a key as often as not, so that it is
/// handled as one.
#[derive(Debug, Clone)]
pub struct SecretHeader {
    /// Its name, as it was written.
    pub name: Arc<str>,
    /// Its value.
    pub value: Secret<String>,
}

impl SecretHeader {
    /// Takes a header into custody.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, value: String) -> Self {
        Self { name: name.into(), value: Secret::new(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_its_value() {
        let header = SecretHeader::new("x-api-key", String::from("hunter2"));
        assert_eq!(format!("{header:?}"), "SecretHeader { name: \"x-api-key\", value: [secret] }");
        assert_eq!(header.value.expose(), "hunter2");
    }
}
