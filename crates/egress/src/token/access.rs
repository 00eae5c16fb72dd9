//! An access token.

use std::fmt;
use std::sync::Arc;

use rendezhook_secrets::Secret;

use super::answer::AnswerFlaw;

/// The longest access token that is used, in bytes. Many servers accept no more than this in all headers together.
pub const MAXIMUM_TOKEN_BYTES: usize = 8 * 1024;

/// An access token: 1 to [`MAXIMUM_TOKEN_BYTES`] visible ASCII characters, so it fits into a header field as it is.
///
/// It never prints, copies share its text, and the text is wiped from memory with the last of them.
#[derive(Clone)]
pub struct AccessToken(Arc<Secret<String>>);

impl AccessToken {
    /// Takes the text of a token into custody.
    ///
    /// RFC 6749, appendix A.12, allows spaces in it too; in a header field they would end the token.
    pub(crate) fn new(text: String) -> Result<Self, AnswerFlaw> {
        let text = Secret::new(text);
        let bytes = text.expose().as_bytes();
        if bytes.is_empty() {
            return Err(AnswerFlaw::EmptyToken);
        }
        if bytes.len() > MAXIMUM_TOKEN_BYTES {
            return Err(AnswerFlaw::LongToken);
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(AnswerFlaw::UnsendableToken);
        }
        Ok(Self(Arc::new(text)))
    }

    /// The text, to be put into a header field of a request and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether both came from the same answer. Another answer with the same text is another token: it may have been
    /// made valid anew.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}
