#![doc = include_str!("../README.md")]

pub mod agenda;
pub mod backfiller;
pub mod backfills;
pub mod books;
mod caller;
mod client;
pub mod crash;
mod following;
pub mod ledger;
pub mod planner;
pub mod process;
pub mod publisher;
pub mod receiver;
pub mod repetitions;
pub mod replayer;

pub use client::{Client, ClientError};
