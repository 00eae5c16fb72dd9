//! How often a request is decided anew before its publisher is asked to come again.

use crate::MAXIMUM_ROUNDS;
use crate::error::PublishError;

/// How often the hooks of the organization may have changed meanwhile. A turn of the writer takes milliseconds, so this is a
/// fraction of a second of changes without a pause.
const MAXIMUM_CATALOGUE_ROUNDS: u32 = 100;

/// Counts why a request was decided anew.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    stale: u32,
    catalogue_changed: u32,
}

impl Rounds {
    /// Somebody changed the same resources.
    pub(crate) fn stale(&mut self) -> Result<(), PublishError> {
        self.stale += 1;
        if self.stale >= MAXIMUM_ROUNDS { Err(PublishError::Contended) } else { Ok(()) }
    }

    /// Somebody changed the organization's hooks.
    pub(crate) fn catalogue_changed(&mut self) -> Result<(), PublishError> {
        self.catalogue_changed += 1;
        if self.catalogue_changed >= MAXIMUM_CATALOGUE_ROUNDS {
            return Err(PublishError::CatalogueContended);
        }
        Ok(())
    }
}
