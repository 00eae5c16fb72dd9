#![doc = include_str!("../README.md")]

pub mod delivery;
mod headers;
mod json;
pub mod standard;
pub mod vyte;

#[cfg(test)]
mod fixture;
