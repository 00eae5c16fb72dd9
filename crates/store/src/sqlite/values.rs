//! Between the integers of SQLite, which are signed, and the numbers of the domain, which are not.

use rendezhook_domain::sequence::{ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::Row;

use super::fault::unreadable;
use crate::replay::Repetition;

/// A number as SQLite keeps it. Sequences stay below 2^42 and row numbers count rows, so none reaches 2^63.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of elements as SQLite keeps it.
pub(super) fn stored_size(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| unreadable(column, "a number from zero upwards"))
}

pub(super) fn sequence(row: &Row<'_>, column: usize) -> rusqlite::Result<Sequence> {
    unsigned(row, column).map(Sequence::new)
}

pub(super) fn receiver(row: &Row<'_>, column: usize) -> rusqlite::Result<ReceiverNumber> {
    row.get(column).map(ReceiverNumber::new)
}

pub(super) fn subscription(row: &Row<'_>, column: usize) -> rusqlite::Result<SubscriptionNumber> {
    row.get(column).map(SubscriptionNumber::new)
}

pub(super) fn resource(row: &Row<'_>, column: usize) -> rusqlite::Result<ResourceNumber> {
    unsigned(row, column).map(ResourceNumber::new)
}

pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_milliseconds)
}

pub(super) fn optional_timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let milliseconds: Option<i64> = row.get(column)?;
    Ok(milliseconds.map(Timestamp::from_milliseconds))
}

/// What a delivery repeats, if it repeats another.
pub(super) fn repetition(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Repetition>> {
    let packed = row.get_ref(column)?.as_blob_or_null()?;
    packed
        .map(|packed| Repetition::unpack(packed).ok_or_else(|| unreadable(column, "what a delivery repeats")))
        .transpose()
}

/// A column that holds one of few values, read by the function that knows them.
pub(super) fn coded<C: rusqlite::types::FromSql, T>(
    row: &Row<'_>,
    column: usize,
    expected: &'static str,
    decode: impl FnOnce(C) -> Option<T>,
) -> rusqlite::Result<T> {
    decode(row.get(column)?).ok_or_else(|| unreadable(column, expected))
}

/// A text column whose type is parsed.
pub(super) fn parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    column: usize,
    expected: &'static str,
) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|_| unreadable(column, expected))
}
