#![doc = include_str!("../README.md")]

mod authorization;
pub mod delivery;
pub mod doo;
pub mod handshake;
mod headers;
mod json;
mod moment;
mod reading;
mod representations;
pub mod simplymeet;
pub mod standard;
pub mod vyte;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden;
