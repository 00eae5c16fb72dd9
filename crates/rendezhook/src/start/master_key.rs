//! The key under which secrets lie in the database.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rendezhook_secrets::{KeyEncryptionKey, KeyEncryptionKeyError, RandomnessError, SystemRandomness};

/// The environment variable that holds the key instead of the file.
pub(crate) const VARIABLE: &str = "RENDEZHOOK_MASTER_KEY";

/// The file in the data directory that holds the key otherwise.
const FILE: &str = "master.key";

/// There is no usable master key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    /// The variable holds something else.
    #[error("{VARIABLE} does not hold a master key")]
    Variable(#[source] KeyEncryptionKeyError),
    /// The file holds something else.
    #[error(
        "{path} does not hold a master key; restore it from a backup: without it the stored secrets cannot be read"
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyEncryptionKeyError,
    },
    /// The file cannot be read or written.
    #[error("the master key {path} cannot be read or written")]
    Inaccessible {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The machine gives no random numbers.
    #[error("a master key cannot be made")]
    Randomness(#[from] RandomnessError),
}

/// Takes the key from the environment or the data directory; makes one in the directory when there is none.
///
/// The file is readable by its owner only. Whoever wants the key apart from the data sets the variable.
///
/// # Errors
/// When what is there is no key, or the file cannot be read or written.
pub(crate) fn obtain(directory: &Path) -> Result<KeyEncryptionKey, MasterKeyError> {
    if let Ok(text) = std::env::var(VARIABLE) {
        return KeyEncryptionKey::parse(text.trim()).map_err(MasterKeyError::Variable);
    }
    let path = directory.join(FILE);
    let inaccessible = |source| MasterKeyError::Inaccessible { path: path.clone(), source };
    match fs::read_to_string(&path) {
        Ok(text) => KeyEncryptionKey::parse(text.trim())
            .map_err(|source| MasterKeyError::File { path: path.clone(), source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = KeyEncryptionKey::generate(&mut SystemRandomness)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(inaccessible)?;
            file.write_all(key.reveal().expose().as_bytes()).map_err(inaccessible)?;
            // Secrets sealed with it are acknowledged as durable, so it has to be as durable as they are.
            file.sync_all().map_err(inaccessible)?;
            fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(inaccessible)?;
            Ok(key)
        }
        Err(source) => Err(inaccessible(source)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn makes_a_key_once_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let first = obtain(directory.path()).unwrap();
        let second = obtain(directory.path()).unwrap();
        assert_eq!(first.fingerprint(), second.fingerprint());
        let mode = fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn names_a_file_that_holds_no_key() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "not a key").unwrap();
        let error = obtain(directory.path()).unwrap_err().to_string();
        assert!(error.contains("master.key") && error.contains("backup"), "{error}");
    }
}
