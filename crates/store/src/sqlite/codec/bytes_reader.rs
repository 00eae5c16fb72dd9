//! Reading packed values piece by piece.

/// What is left of a packed value. Every read is `None` when too little is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct BytesReader<'a>(&'a [u8]);

impl<'a> BytesReader<'a> {
    /// A value whose first byte is `form`.
    pub(super) fn new(bytes: &'a [u8], form: u8) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        (*first == form).then_some(Self(rest))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }
}
