//! How fast the embedded store is on this machine, and what it costs the thread that writes.
//!
//! `cargo run --release --example measure -p rendezhook-store -- [publishers] [seconds] [subscriptions] [organizations]`
//!
//! Publishers in a closed loop commit one action at a time with a body of 1,000 bytes, each in the organizations by turns; every
//! subscription has a receiver of its own. Every delivery is recorded as delivered, in batches, as the delivery side does it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program, not part of the product")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::Store;
use rendezhook_store::contract::world::{World, attempt, change, ended, record, request};
use rendezhook_store::feed::{FeedEvent, FeedLimits};
use rendezhook_store::publish::Matched;
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};

#[tokio::main]
async fn main() {
    let argument = |place, default| std::env::args().nth(place).map_or(default, |text| text.parse().unwrap());
    let (publishers, seconds, subscriptions) = (argument(1, 64), argument(2, 10), argument(3, 1));
    let organizations = argument(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        feed: FeedLimits { deliveries: usize::MAX, body_bytes: usize::MAX },
        ..SqliteOptions::new(directory.path(), KeyEncryptionKey::from_bytes([7; 32]))
    };
    let (store, feed) = SqliteStore::open(options).unwrap();
    let world = World { store, feed };
    let mut numbers = Vec::new();
    for _ in 0..organizations {
        let organization = world.organization().await;
        world.subscribe_many(organization, "*", usize::try_from(subscriptions).unwrap()).await;
        numbers.push(organization);
    }
    let organizations: Arc<[OrganizationNumber]> = numbers.into();

    let World { store, mut feed } = world;
    let before = writer_cpu();
    let begun = Instant::now();
    let running = Arc::new(AtomicBool::new(true));
    let published = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for publisher in 0..usize::try_from(publishers).unwrap() {
        let (store, running, published) = (Arc::clone(&store), Arc::clone(&running), Arc::clone(&published));
        let organizations = Arc::clone(&organizations);
        tasks.spawn(async move {
            for (number, organization) in organizations.iter().cycle().skip(publisher * 7).enumerate() {
                if !running.load(Ordering::Relaxed) {
                    break;
                }
                publish(&store, *organization, &format!("event-{publisher}-{number}")).await;
                published.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let end = tokio::time::sleep(Duration::from_secs(seconds));
    tokio::pin!(end);
    let mut recorded = 0_u64;
    while !tasks.is_empty() || recorded < published.load(Ordering::Relaxed) * subscriptions {
        tokio::select! {
            () = &mut end, if running.load(Ordering::Relaxed) => running.store(false, Ordering::Relaxed),
            _ = tasks.join_next(), if !tasks.is_empty() => {}
            event = feed.recv() => {
                if let Some(FeedEvent::Committed(actions)) = event {
                    recorded += record_all(&store, actions).await;
                }
            }
        }
    }
    let elapsed = begun.elapsed();
    let actions = published.load(Ordering::Relaxed);
    println!("{actions} actions and {recorded} deliveries with their outcomes in {elapsed:.1?}");
    println!("{:.0} actions/s", per_second(actions, elapsed));
    println!("{:.0} deliveries/s", per_second(recorded, elapsed));
    if let (Some(before), Some(after)) = (before, writer_cpu()) {
        let cpu = after.saturating_sub(before);
        let each = |count: u64| cpu / u32::try_from(count.max(1)).unwrap();
        println!(
            "writer thread: {cpu:.1?} CPU, {:.1?} an action, {:.1?} a delivery",
            each(actions),
            each(recorded)
        );
    }
    store.close().await;
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / elapsed.as_secs_f64()
}

async fn publish(store: &Arc<dyn Store>, organization: OrganizationNumber, id: &str) {
    let mut new = change(id, None, &["event.created"]);
    new.body = Bytes::from(vec![b' '; 1_000]);
    let request = request(&store.catalogue(), organization, vec![new]);
    store.publish(request).await.unwrap();
}

async fn record_all(store: &Arc<dyn Store>, actions: Vec<rendezhook_store::feed::CommittedAction>) -> u64 {
    let records: Vec<_> = actions
        .iter()
        .flat_map(|action| action.deliveries.iter().map(|delivery| (action.action.organization, delivery)))
        .map(|(organization, delivery)| {
            let matched = Matched { subscription: delivery.subscription, receiver: delivery.receiver };
            let key = rendezhook_store::pending::DeliveryKey {
                receiver: delivery.receiver,
                sequence: delivery.sequence,
            };
            record(organization, matched, key, Some(attempt(1, 200)), ended(FinalState::Delivered))
        })
        .collect();
    let count = u64::try_from(records.len()).unwrap();
    store.record(records).await.unwrap();
    count
}

/// CPU time of the writing thread, where the system tells it (Linux, in hundredths of a second).
fn writer_cpu() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    tasks.filter_map(Result::ok).find_map(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        head.ends_with("store-writer").then_some(())?;
        let mut fields = rest.split_whitespace().skip(11);
        let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Duration::from_millis((user + system) * 10))
    })
}
