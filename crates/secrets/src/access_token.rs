//! Tokens that an OAuth client of ours gets for its credentials: 40 hexadecimal digits, the form of the doo API.
//!
//! A token is not kept anywhere: it names its client and its time, and proves both by a code under a key that only the server has. So
//! tokens cost no storage, hold on every node and after a restart, and end with their client.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use crate::randomness::{Randomness, RandomnessError};
use crate::secret::{PLACEHOLDER, Secret};

/// Client and time: four bytes each.
const CLAIM_BYTES: usize = 8;
/// 96 bits: nobody guesses one within the day for which a token is good.
const CODE_BYTES: usize = 12;
const TOKEN_BYTES: usize = CLAIM_BYTES + CODE_BYTES;
/// Keeps these codes apart from whatever else the key might be used for.
const CONTEXT: &[u8] = b"rendezhook access token 1";

/// The key under which a client's tokens are made.
#[derive(Clone)]
pub struct TokenKey(Secret<Vec<u8>>);

/// The stored bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key for access tokens holds 32 bytes")]
pub struct AccessTokenError;

impl TokenKey {
    /// How long a key is.
    pub const BYTES: usize = 32;

    /// Makes a new key.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = Zeroizing::new([0_u8; Self::BYTES]);
        randomness.fill(bytes.as_mut_slice())?;
        Ok(Self(Secret::new(bytes.to_vec())))
    }

    /// Takes back the bytes of [`Self::expose_bytes`].
    ///
    /// # Errors
    /// When there are not 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AccessTokenError> {
        if bytes.len() != Self::BYTES {
            return Err(AccessTokenError);
        }
        Ok(Self(Secret::new(bytes.to_vec())))
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// Makes the token of a client.
    #[must_use]
    pub fn issue(&self, client: u32, issued_at_seconds: u32) -> String {
        let claim = claim(client, issued_at_seconds);
        let code = hmac::sign(&self.hmac_key(), &with_context(&claim));
        let code = code.as_ref().iter().take(CODE_BYTES);
        claim.iter().chain(code).fold(String::with_capacity(2 * TOKEN_BYTES), |mut text, byte| {
            for digit in [byte >> 4, byte & 0xf] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
            text
        })
    }

    fn hmac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.expose())
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

fn claim(client: u32, issued_at_seconds: u32) -> [u8; CLAIM_BYTES] {
    ((u64::from(client) << 32) | u64::from(issued_at_seconds)).to_be_bytes()
}

fn with_context(claim: &[u8]) -> Vec<u8> {
    [CONTEXT, claim].concat()
}

/// A token that somebody presents: what it claims is not believed until it is verified.
#[derive(Clone, Copy)]
pub struct PresentedToken {
    client: u32,
    issued_at_seconds: u32,
    code: [u8; CODE_BYTES],
}

impl PresentedToken {
    /// Reads a token; `None` when the text does not have the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 2 * TOKEN_BYTES || !text.is_ascii() {
            return None;
        }
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let bytes: Vec<u8> = digits?
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        let (claim, code) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
        let claim = u64::from_be_bytes(*claim);
        Some(Self {
            client: u32::try_from(claim >> 32).ok()?,
            issued_at_seconds: u32::try_from(claim & u64::from(u32::MAX)).ok()?,
            code: code.try_into().ok()?,
        })
    }

    /// The client it claims to be of.
    #[must_use]
    pub const fn client(&self) -> u32 {
        self.client
    }

    /// When it was made, in seconds since 1970, if it was made under this key. The codes are compared in constant time.
    #[must_use]
    pub fn verified(&self, key: &TokenKey) -> Option<u32> {
        use subtle::ConstantTimeEq;
        let claim = claim(self.client, self.issued_at_seconds);
        let expected = hmac::sign(&key.hmac_key(), &with_context(&claim));
        let genuine: bool = expected.as_ref().get(..CODE_BYTES)?.ct_eq(&self.code).into();
        genuine.then_some(self.issued_at_seconds)
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> TokenKey {
        TokenKey::from_bytes(&[byte; TokenKey::BYTES]).unwrap()
    }

    proptest! {
        #[test]
        fn a_token_is_read_back_under_its_own_key_only(client in any::<u32>(), seconds in any::<u32>()) {
            let token = key(1).issue(client, seconds);
            prop_assert_eq!(token.len(), 40);
            let presented = PresentedToken::parse(&token).unwrap();
            prop_assert_eq!(presented.client(), client);
            prop_assert_eq!(presented.verified(&key(1)), Some(seconds));
            prop_assert_eq!(presented.verified(&key(2)), None);
        }

        #[test]
        fn an_altered_token_is_refused(place in 0_usize..40, client in any::<u32>(), seconds in any::<u32>()) {
            let mut token = key(1).issue(client, seconds).into_bytes();
            token[place] = if token[place] == b'0' { b'1' } else { b'0' };
            let presented = PresentedToken::parse(&String::from_utf8(token).unwrap()).unwrap();
            prop_assert_eq!(presented.verified(&key(1)), None);
        }

        #[test]
        fn any_text_may_be_presented(text in "\\PC{0,50}") {
            let _ = PresentedToken::parse(&text);
        }
    }

    #[test]
    fn nothing_prints_a_key_or_a_token() {
        assert_eq!(format!("{:?}", key(1)), "[secret]");
        let presented = PresentedToken::parse(&key(1).issue(1, 2)).unwrap();
        assert_eq!(format!("{presented:?}"), "[secret]");
    }
}
