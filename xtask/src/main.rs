//! Tasks of the project that are not the product: tests, lints, crash runs.

fn main() {}
