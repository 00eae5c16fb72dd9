//! Where a sealed value is stored.

/// The place of a sealed value in the database. A value opens only at the place for which it was sealed, so that nobody who
/// can write the database can move a secret from one row to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The row, by an id that never changes.
    pub row: &'a str,
    /// The column.
    pub column: &'a str,
}

impl Place<'_> {
    /// The associated data of the seal: each part after its length, so that no two places are written alike.
    pub(super) fn associated_data(&self, key_version: u32) -> Vec<u8> {
        let parts = [self.table, self.row, self.column];
        let length = parts.iter().map(|part| part.len() + 8).sum::<usize>() + 4;
        let mut data = Vec::with_capacity(length);
        for part in parts {
            // A usize is never wider than 64 bits on a platform that Rust supports.
            let part_length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            data.extend_from_slice(&part_length.to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data.extend_from_slice(&key_version.to_be_bytes());
        data
    }
}
