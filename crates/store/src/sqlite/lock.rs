//! One process, one data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::open::OpenError;

/// The file that is locked. It holds the number of the process that has the lock.
const FILE_NAME: &str = "lock";

/// Holds the data directory for this process until it is dropped; the operating system lets go also when the process dies.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    pub(super) fn take(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(FILE_NAME);
        let failed = |source| OpenError::Directory { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { process: process_of(&mut file) }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let write_process = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        write_process(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Who holds the lock, for the message only: what cannot be read is left out.
fn process_of(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(20).read_to_string(&mut text);
    match read {
        Ok(_) if !text.is_empty() => text,
        _ => "unknown".to_owned(),
    }
}
