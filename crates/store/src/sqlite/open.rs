//! Opening: lock, connection, migrations, the key, and what the writer keeps in memory.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rendezhook_secrets::SealError;
use tokio::sync::watch;

use super::catalogue::check_key;
use super::checkpoint;
use super::connection::{DATABASE_FILE, Role, connect};
use super::count;
use super::fault::Fault;
use super::lock::DirectoryLock;
use super::memory::Memory;
use super::migration::migrate;
use super::options::SqliteOptions;
use super::reader::reader;
use super::store::SqliteStore;
use super::writer::{Published, Writer, WriterHandle};
use crate::feed::{FeedReceiver, feed};

/// The first SQLite without a fault that damages the database when the log is begun anew while two connections copy it.
const OLDEST_SQLITE: i32 = 3_051_003;

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or its lock file cannot be made or opened.
    #[error("{} cannot be used; check that the directory exists and belongs to the user rendezhook runs as", path.display())]
    Directory {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the lock.
    #[error(
        "another rendezhook process uses this data directory (pid {process}); stop it first, or use another directory"
    )]
    InUse {
        /// The process that has it, as it wrote itself down.
        process: String,
    },
    /// The linked SQLite has a known fault.
    #[error(
        "SQLite {found} is too old: versions before 3.51.3 can damage the database; build with the bundled one"
    )]
    OldSqlite {
        /// The linked version.
        found: &'static str,
    },
    /// A newer rendezhook wrote the database.
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}; start the newer program, or restore the backup made before the upgrade"
    )]
    NewerSchema {
        /// The version of the database.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The database was written with another key-encryption key.
    #[error(
        "the database was written with another key-encryption key; start with the key that was in use then"
    )]
    WrongKey,
    /// A stored secret cannot be opened.
    #[error("a stored secret cannot be opened")]
    Secret(#[source] SealError),
    /// What is stored cannot be understood.
    #[error("the stored data cannot be read: {0}")]
    Damaged(String),
    /// A database call failed.
    #[error("the database cannot be opened; check the disk and the data directory's permissions")]
    Database(#[source] rusqlite::Error),
    /// A thread could not be started.
    #[error("the store's threads cannot be started")]
    Thread(#[source] std::io::Error),
}

/// What every thread holds until it ends. The lock goes before those who wait are told.
struct Presence {
    /// With a file, a process on Unix gives up all its locks on it, also those of SQLite: so it is closed after every connection,
    /// and before another store can be opened.
    _database: Arc<File>,
    _lock: DirectoryLock,
    _ended: watch::Sender<()>,
    broken: watch::Sender<Option<&'static str>>,
}

/// Tells when its thread ends by a panic.
struct Alarm {
    presence: Arc<Presence>,
    thread: &'static str,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.presence.broken.send_replace(Some(self.thread));
        }
    }
}

/// Opens everything and starts the threads.
pub(super) fn open(options: SqliteOptions) -> Result<(Arc<SqliteStore>, FeedReceiver), OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::OldSqlite { found: rusqlite::version() });
    }
    let directory = &options.directory;
    create_directory(directory).map_err(|source| OpenError::Directory { path: directory.clone(), source })?;
    let lock = DirectoryLock::take(directory)?;
    let mut connection = connect(directory, Role::Writer)?;
    migrate(&mut connection)?;
    check_key(&connection, &options.key_encryption_key)?;
    let memory = Memory::load(&connection, &options.key_encryption_key)?;

    let published = Arc::new(Published::new(&memory));
    let (handle, queue) = WriterHandle::new(options.queue_requests, options.queue_bytes);
    let database = Arc::new(open_database(directory)?);
    let (log, checkpointer) = checkpoint::watch(
        &mut connection,
        connect(directory, Role::Checkpointer)?,
        Arc::clone(&database),
        options.checkpoint_bytes,
        handle.messages(),
    )?;
    let (feed_sender, feed_receiver) = feed(options.feed);
    let (delivery_reader, delivery_thread) = reader(connect(directory, Role::HotReader)?);
    let (resource_reader, resource_thread) = reader(connect(directory, Role::HotReader)?);
    let (list_reader, list_thread) = reader(connect(directory, Role::Reader)?);
    let writer = Writer::new(
        connection,
        options.key_encryption_key,
        memory,
        queue,
        Arc::clone(&published),
        feed_sender,
        log,
    );

    let counting = connect(directory, Role::Counter)?;
    let waiting = published.waiting();
    let counter = count::count_pending(counting, &published.catalogue(), Arc::clone(&waiting))?;
    let (ended, threads) = watch::channel(());
    let (broken_sender, broken) = watch::channel(None);
    let presence =
        Arc::new(Presence { _database: database, _lock: lock, _ended: ended, broken: broken_sender });
    start("store-writer", &presence, move || writer.run())?;
    start("store-count", &presence, move || counter.run())?;
    start("store-checkpoint", &presence, move || checkpointer.run())?;
    start("store-delivery", &presence, move || delivery_thread.run())?;
    start("store-resource", &presence, move || resource_thread.run())?;
    start("store-list", &presence, move || list_thread.run())?;
    let store = SqliteStore {
        writer: handle,
        published,
        delivery_reader,
        resource_reader,
        list_reader,
        waiting,
        threads,
        broken,
    };
    Ok((Arc::new(store), feed_receiver))
}

/// The database beside SQLite, to sync it.
fn open_database(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(DATABASE_FILE);
    let opened = OpenOptions::new().read(true).write(true).open(&path);
    opened.map_err(|source| OpenError::Directory { path, source })
}

/// Makes the directory, open to nobody else: it holds what publishers sent.
fn create_directory(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Starts a thread. Those that run already end when the handle they were given to is dropped.
fn start(
    name: &'static str,
    presence: &Arc<Presence>,
    run: impl FnOnce() + Send + 'static,
) -> Result<(), OpenError> {
    let alarm = Alarm { presence: Arc::clone(presence), thread: name };
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        run();
        drop(alarm);
    });
    thread.map(drop).map_err(OpenError::Thread)
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sqlite(source) => Self::Database(source),
            Fault::Seal(SealError::WrongKeyEncryptionKey) => Self::WrongKey,
            Fault::Seal(source) => Self::Secret(source),
            Fault::Randomness(source) => Self::Secret(SealError::Randomness(source)),
            Fault::Damaged(message) => Self::Damaged(message),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(Fault::from(error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rendezhook_secrets::KeyEncryptionKey;

    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_thread_that_panics_is_named_and_the_others_can_be_closed() {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyEncryptionKey::from_bytes([7; KeyEncryptionKey::BYTES]);
        let (store, _feed) = open(SqliteOptions::new(directory.path(), key)).unwrap();
        store.check().await.unwrap();
        let failed = store.list_reader.read::<()>("testing", |_| panic!("a mistake in reading")).await;
        failed.unwrap_err();
        let named = tokio::time::timeout(Duration::from_secs(20), store.broken()).await.unwrap();
        assert_eq!(named, "store-list");
        tokio::time::timeout(Duration::from_secs(20), store.close()).await.unwrap();
    }
}
