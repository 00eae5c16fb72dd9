//! What only the store on SQLite does: its files, its lock, its log, its key.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rendezhook_domain::organization::SchemaCheck;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::{Hook, SimplyMeetHook};
use rendezhook_secrets::{KeyEncryptionKey, SharedSecret};
use rendezhook_store::StoreError;
use rendezhook_store::change::{CatalogueChange, NewSubscription};
use rendezhook_store::contract::world::{World, at, change, new_subscription, request, uuid};
use rendezhook_store::read::{DeliveryFilter, ResourceQuery};
use rendezhook_store::sqlite::{OpenError, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

fn options(directory: &Path) -> SqliteOptions {
    SqliteOptions::new(directory, KeyEncryptionKey::from_bytes([7; 32]))
}

fn open(options: SqliteOptions) -> World {
    let (store, feed) = SqliteStore::open(options).unwrap();
    World { store, feed }
}

#[test]
fn the_linked_sqlite_has_no_known_fault_in_its_log() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_who_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let error = SqliteStore::open(options(directory.path())).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }));
    let message = error.to_string();
    assert!(message.contains(&format!("(pid {})", std::process::id())), "{message}");
    world.store.close().await;
    open(options(directory.path())).store.close().await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    open(options(directory.path())).store.close().await;
    let database = Connection::open(directory.path().join("rendezhook.db")).unwrap();
    database.pragma_update(None, "user_version", 1_000).unwrap();
    drop(database);
    let error = SqliteStore::open(options(directory.path())).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 1_000, .. }), "{error}");
}

/// Makes a hook of the SimplyMeet.me API with this secret; answers with what it is known by there.
async fn simplymeet_hook(world: &World, organization: OrganizationNumber, secret: &str) -> Uuid {
    let uuid = uuid();
    let new = NewSubscription {
        hook: Hook::SimplyMeet(SimplyMeetHook { uuid }),
        shared_secret: Some(SharedSecret::new(secret.to_owned())),
        ..new_subscription(organization, "*", "https://receiver.example/hook")
    };
    world.change(CatalogueChange::CreateSubscription(Box::new(new))).await;
    uuid
}

/// The steps of the schema, in order.
fn steps() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut steps: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    steps
}

/// Writes the rows of a database into a new one whose schema is that after so many steps.
fn written_with_schema(steps_done: usize, current: &Path, old: &Path) {
    let database = Connection::open(old).unwrap();
    for step in steps().iter().take(steps_done) {
        database.execute_batch(&std::fs::read_to_string(step).unwrap()).unwrap();
    }
    database.execute("ATTACH ?1 AS current", [current.to_str().unwrap()]).unwrap();
    let texts = |query: &str| -> Vec<String> {
        let mut statement = database.prepare(query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables =
        texts("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    for table in tables {
        let columns = texts(&format!(
            "SELECT name FROM pragma_table_info('{table}', 'main')
             INTERSECT SELECT name FROM pragma_table_info('{table}', 'current')"
        ));
        let columns = columns.join(", ");
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM current.{table}");
        database.execute(&copy, []).unwrap();
    }
    database.pragma_update(None, "user_version", u32::try_from(steps_done).unwrap()).unwrap();
}

#[tokio::test]
async fn a_populated_database_of_every_earlier_schema_is_brought_forward() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for _ in 0..3 {
        world.publish_one(organization).await;
    }
    let keys: Vec<_> = world.waiting(one).await.iter().map(|delivery| delivery.key).collect();
    world.deliver(organization, one, &keys[..1]).await;
    let waiting = world.waiting(one).await;
    world.store.close().await;

    let database = |directory: &Path| directory.join("rendezhook.db");
    for steps_done in 1..steps().len() {
        let old = tempfile::tempdir().unwrap();
        written_with_schema(steps_done, &database(directory.path()), &database(old.path()));
        let world = open(options(old.path()));
        assert_eq!(world.waiting(one).await, waiting, "schema {steps_done}");
        let filter = DeliveryFilter::default();
        let listed = world.store.deliveries(organization, &filter, None, 100).await.unwrap().deliveries;
        assert_eq!(listed.len(), 3, "schema {steps_done}");
        let query = ResourceQuery {
            kind: ResourceKind::Event,
            after: None,
            occurred_after: None,
            occurred_before: None,
            limit: 100,
        };
        let resources = world.store.resources(organization, &query).await.unwrap().resources;
        assert_eq!(resources.len(), 3, "schema {steps_done}");
        assert!(resources.iter().all(|one| one.facts.created_at == Some(at(0))), "schema {steps_done}");
        let keys: Vec<_> = waiting.iter().map(|delivery| delivery.key).collect();
        assert_eq!(world.store.material(&keys).await.unwrap().len(), 2, "schema {steps_done}");
        world.deliver(organization, one, &keys).await;
        world.publish_one(organization).await;
        assert_eq!(world.store.figures().await.unwrap().pending_deliveries, 1, "schema {steps_done}");
        world.store.close().await;
    }
}

#[tokio::test]
async fn a_populated_database_of_the_first_schema_is_brought_forward() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let secrets = |world: &World| -> Vec<Vec<u8>> {
        let entry = Arc::clone(world.catalogue().organization(organization).unwrap());
        entry.subscriptions[0].keys.iter().map(|key| key.secret.expose_bytes().to_vec()).collect()
    };
    let (waiting, kept) = (world.waiting(one).await.len(), secrets(&world));
    world.store.close().await;

    let old = tempfile::tempdir().unwrap();
    let database = |directory: &Path| directory.join("rendezhook.db");
    written_with_schema(1, &database(directory.path()), &database(old.path()));
    let world = open(options(old.path()));
    assert_eq!((world.waiting(one).await.len(), secrets(&world)), (waiting, kept));
    let catalogue = world.catalogue();
    let entry = catalogue.organization(organization).unwrap();
    assert_eq!(entry.organization.schema_check, SchemaCheck::Warn);
    let entry = &entry.subscriptions[0];
    assert!(entry.subscription.hook.simplymeet().is_none() && entry.shared_secret.is_none());
    let uuid = simplymeet_hook(&world, organization, "planted secret").await;
    world.publish_one(organization).await;
    world.store.close().await;

    let world = open(options(old.path()));
    assert_eq!(world.waiting(one).await.len(), waiting + 1);
    let catalogue = world.catalogue();
    let hook = catalogue.organization(organization).unwrap().simplymeet_hook(uuid).unwrap();
    assert_eq!(hook.shared_secret.as_ref().unwrap().expose(), "planted secret");
    world.store.close().await;
}

#[tokio::test]
async fn another_key_is_refused_and_the_right_one_still_works() {
    let directory = tempfile::tempdir().unwrap();
    open(options(directory.path())).store.close().await;
    let other = SqliteOptions::new(directory.path(), KeyEncryptionKey::from_bytes([8; 32]));
    let error = SqliteStore::open(other).unwrap_err();
    assert!(matches!(error, OpenError::WrongKey), "{error}");
    open(options(directory.path())).store.close().await;
}

#[tokio::test]
async fn no_secret_is_in_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let catalogue = world.catalogue();
    let entry = catalogue.subscriptions.get(&one.subscription).unwrap();
    let secret = entry.keys.first().unwrap().secret.expose_bytes();
    let shared_secret = "chosen by the owner of the receiver";
    simplymeet_hook(&world, organization, shared_secret).await;
    world.store.close().await;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [secret, shared_secret.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[tokio::test]
async fn a_closed_database_is_one_file_without_reserved_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    world.publish_one(organization).await;
    let highest = world.store.figures().await.unwrap().highest_sequence;
    world.store.close().await;
    let log = directory.path().join("rendezhook.db-wal");
    assert!(!log.exists() || std::fs::metadata(log).unwrap().len() == 0);
    let database = Connection::open(directory.path().join("rendezhook.db")).unwrap();
    let reserved: i64 = database
        .query_row("SELECT value FROM position WHERE name = 'sequence'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(u64::try_from(reserved).unwrap(), highest.get());
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// What a crash leaves is what the files hold at any moment: a copy of them is opened as another directory.
#[tokio::test]
async fn numbers_are_never_given_twice_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for _ in 0..3 {
        world.publish_one(organization).await;
    }
    let crashed = tempfile::tempdir().unwrap();
    for name in ["rendezhook.db", "rendezhook.db-wal"] {
        std::fs::copy(directory.path().join(name), crashed.path().join(name)).unwrap();
    }
    let before = world.waiting(one).await;
    let after = open(options(crashed.path()));
    assert_eq!(after.waiting(one).await, before);
    let receipt = after.publish_one(organization).await;
    let last = before.last().unwrap();
    assert!(receipt.actions.first().unwrap().sequence > last.key.sequence);
    let new = after.waiting(one).await.pop().unwrap();
    assert!(new.resource > last.resource);
    after.store.close().await;
}

#[tokio::test]
async fn the_log_stays_bounded_while_publishers_and_readers_go_on() {
    const LIMIT: u64 = 256 * 1024;
    let directory = tempfile::tempdir().unwrap();
    let world = open(SqliteOptions { checkpoint_bytes: LIMIT, ..options(directory.path()) });
    let organization = world.organization().await;
    world.subscribe(organization, "*").await;
    let mut tasks = JoinSet::new();
    for publisher in 0..8 {
        let store = Arc::clone(&world.store);
        tasks.spawn(async move {
            for number in 0..150 {
                let id = format!("e{publisher}-{number}");
                let mut new = change(&id, None, &["event.created"]);
                new.body = vec![b' '; 20_000].into();
                let request = request(&store.catalogue(), organization, vec![new]);
                store.publish(request).await.unwrap();
                let id = ResourceId::new(&id).unwrap();
                assert!(store.resource(organization, ResourceKind::Event, &id).await.unwrap().is_some());
            }
        });
    }
    let log = directory.path().join("rendezhook.db-wal");
    let mut highest = 0;
    while tasks.join_next().await.is_some() {
        highest = highest.max(std::fs::metadata(&log).unwrap().len());
    }
    let written = std::fs::metadata(directory.path().join("rendezhook.db")).unwrap().len();
    assert!(written > 60 * LIMIT, "only {written} bytes were written");
    // The file never shrinks while it is in use, so its length is the most that was ever in it.
    assert!(highest < 8 * LIMIT, "the log grew to {highest} bytes");
    world.store.close().await;
}

#[tokio::test]
async fn what_cannot_be_written_is_told_and_the_store_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(options(directory.path()));
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let figures = world.store.figures().await.unwrap();

    // Somebody else holds the database for writing, longer than the writer waits.
    let mut intruder = Connection::open(directory.path().join("rendezhook.db")).unwrap();
    let held = intruder.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let refused = request(&world.catalogue(), organization, vec![change("e1", None, &["event.created"])]);
    let error = world.store.publish(refused.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert_eq!(world.store.figures().await.unwrap(), figures);
    drop(held);

    world.commit(refused).await;
    assert_eq!(world.waiting(one).await.len(), 2);
    world.store.close().await;
}

#[tokio::test]
async fn a_full_queue_refuses_publishers_before_records() {
    let directory = tempfile::tempdir().unwrap();
    let world = open(SqliteOptions { queue_requests: 4, ..options(directory.path()) });
    let organization = world.organization().await;
    // The writer is kept busy by somebody who holds the database.
    let mut intruder = Connection::open(directory.path().join("rendezhook.db")).unwrap();
    let held = intruder.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let publish = |number: u32| {
        let id = format!("e{number}");
        let request = request(&world.catalogue(), organization, vec![change(&id, None, &["event.created"])]);
        let store = Arc::clone(&world.store);
        async move { store.publish(request).await }
    };
    let mut publishers = JoinSet::new();
    let mut refused = false;
    // The writer takes what is there before it has to wait, so how many fit is not known; that one is refused is.
    for number in 0..10_000 {
        publishers.spawn(publish(number));
        tokio::task::yield_now().await;
        while let Some(outcome) = publishers.try_join_next() {
            refused |= matches!(outcome.unwrap(), Err(StoreError::Overloaded));
        }
        if refused {
            break;
        }
    }
    assert!(refused);
    let urgent = world.store.check().await.unwrap_err();
    assert!(!matches!(urgent, StoreError::Overloaded), "{urgent:?}");
    while let Some(outcome) = publishers.join_next().await {
        outcome.unwrap().unwrap_err();
    }
    drop(held);
    world.publish_one(organization).await;
    world.store.close().await;
}
