#![doc = include_str!("../README.md")]

mod client;
pub mod crash;
pub mod ledger;
pub mod process;
pub mod publisher;
pub mod receiver;

pub use client::{Client, ClientError};
