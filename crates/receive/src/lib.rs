#![doc = include_str!("../README.md")]

pub mod capture;
pub mod diagnosis;
pub mod generator;
mod http1;
pub mod listener;
pub mod signature;
pub mod sink;
