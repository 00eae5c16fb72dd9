//! What one execution may use up. Its limits depend on what is stored, so that no look at the query can tell.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{MAXIMUM_ANSWER_BYTES, MAXIMUM_LISTED_FIELDS, MAXIMUM_READ_BYTES};

/// Counts down while a query is executed. Once something is used up nothing is answered any more.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    read_bytes: AtomicUsize,
    answer_bytes: AtomicUsize,
    listed_fields: AtomicUsize,
    used_up: OnceLock<UsedUp>,
}

/// What was used up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsedUp {
    /// [`MAXIMUM_READ_BYTES`].
    #[error(
        "the query reads more than {MAXIMUM_READ_BYTES} bytes of resources; ask for fewer at once, and page through lists"
    )]
    ReadBytes,
    /// [`MAXIMUM_ANSWER_BYTES`].
    #[error(
        "the answer has more than {MAXIMUM_ANSWER_BYTES} bytes; ask for fewer resources or fields at once"
    )]
    AnswerBytes,
    /// [`MAXIMUM_LISTED_FIELDS`].
    #[error(
        "lists within the resources have more than {MAXIMUM_LISTED_FIELDS} fields; ask for fewer resources or fields at once"
    )]
    ListedFields,
}

impl Budget {
    /// What is used up, if anything.
    pub(crate) fn used_up(&self) -> Option<UsedUp> {
        self.used_up.get().copied()
    }

    /// Bytes of resources that were read. Answers whether they were still allowed.
    pub(crate) fn read(&self, bytes: usize) -> bool {
        self.spend(&self.read_bytes, bytes, MAXIMUM_READ_BYTES, UsedUp::ReadBytes)
    }

    /// Bytes that a value adds to the answer. Answers whether there is room.
    pub(crate) fn answer(&self, bytes: usize) -> bool {
        self.spend(&self.answer_bytes, bytes, MAXIMUM_ANSWER_BYTES, UsedUp::AnswerBytes)
    }

    /// Fields that the elements of a list add to the answer. Answers whether there is room.
    pub(crate) fn list(&self, fields: usize) -> bool {
        self.spend(&self.listed_fields, fields, MAXIMUM_LISTED_FIELDS, UsedUp::ListedFields)
    }

    fn spend(&self, counter: &AtomicUsize, amount: usize, maximum: usize, cause: UsedUp) -> bool {
        if self.used_up.get().is_some() {
            return false;
        }
        let spent = counter.fetch_add(amount, Ordering::Relaxed).saturating_add(amount);
        if spent > maximum {
            // When two are used up at the same time one of them is told.
            self.used_up.get_or_init(|| cause);
        }
        spent <= maximum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_byte_nothing_is_answered() {
        let budget = Budget::default();
        assert!(budget.answer(MAXIMUM_ANSWER_BYTES));
        assert_eq!(budget.used_up(), None);
        assert!(!budget.answer(1));
        assert!(!budget.list(0));
        assert_eq!(budget.used_up(), Some(UsedUp::AnswerBytes), "what was used up first is told");
    }
}
