#![doc = include_str!("../README.md")]

pub mod clock;
pub mod health;
pub mod means;
pub mod options;
pub mod runtime;
pub mod scheduler;
