#![doc = include_str!("../README.md")]

pub mod corpus;
pub mod mutation;
pub mod run;
pub mod targets;
