//! The catalogue in the database: reading it whole at the start, and changing it.

mod change;
mod draft;
mod load;
mod seal;
mod subscription;
mod timer;

pub(super) use self::change::{apply, disable};
pub(super) use self::draft::Draft;
pub(super) use self::load::{check_key, load_catalogue};
