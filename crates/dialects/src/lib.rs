#![doc = include_str!("../README.md")]

pub mod delivery;
mod headers;
mod json;
mod representations;
pub mod simplymeet;
pub mod standard;
pub mod vyte;

#[cfg(test)]
mod fixture;
