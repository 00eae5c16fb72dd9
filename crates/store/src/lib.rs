#![doc = include_str!("../README.md")]

pub mod catalogue;
pub mod certificate;
pub mod change;
pub mod complaint;
#[cfg(feature = "contract")]
pub mod contract;
pub mod error;
pub mod feed;
pub mod firing;
pub mod health;
pub mod identity;
pub mod notice;
pub mod pending;
pub mod publish;
pub mod read;
pub mod record;
pub mod replay;
pub mod shared_map;
pub mod skip;
pub mod sqlite;
mod store;
pub mod waiting;

pub use error::StoreError;
pub use store::Store;
