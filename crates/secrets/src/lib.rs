#![doc = include_str!("../README.md")]

mod access_token;
mod api_key;
mod header;
mod randomness;
mod sealing;
mod secret;
mod shared;
mod signing;

pub use self::access_token::{AccessTokenError, PresentedToken, TokenKey};
pub use self::api_key::{ApiKey, ApiKeyError, KeyHash};
pub use self::header::SecretHeader;
pub use self::randomness::{Randomness, RandomnessError, SystemRandomness};
pub use self::sealing::{DataKey, KeyEncryptionKey, KeyEncryptionKeyError, Place, SealError};
pub use self::secret::Secret;
pub use self::shared::SharedSecret;
pub use self::signing::{SigningSecret, SigningSecretError};
