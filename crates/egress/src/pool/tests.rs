use bytes::Bytes;
use http::{HeaderMap, Method};
use rendezhook_domain::target::TargetPolicy;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::advance;

use super::*;
use crate::capacity::Destination;
use crate::resting::{Peer, Resting};
use crate::stream::Transport;

fn key(organization: u32, url: &str) -> PoolKey {
    let target = TargetUrl::parse(url, &TargetPolicy::stored()).unwrap();
    let organization = OrganizationNumber::new(organization);
    PoolKey::of(
        &OutboundRequest::new(Method::POST, target, HeaderMap::new(), Bytes::new(), organization).unwrap(),
    )
}

/// A connection to a listener that says nothing, and its other end.
async fn connection() -> (Kept, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (other_end, _) = listener.accept().await.unwrap();
    let peer = Peer {
        remote: address,
        destination: Destination::of(address.ip()),
        is_behind_proxy: false,
        certificate_expires_at: None,
    };
    (
        Kept::Resting(Resting::open(Transport::Plain(stream), peer)).wake().await.map(Kept::Awake).unwrap(),
        other_end,
    )
}

fn pool(total: usize, per_key: usize, awake: usize) -> Arc<Pool> {
    Pool::new(Duration::from_secs(30), PoolBounds { total, per_key, awake })
}

fn here() -> Vec<IpAddr> {
    vec!["127.0.0.1".parse().unwrap()]
}

#[tokio::test]
async fn the_last_one_in_is_the_first_one_out() {
    let pool = pool(10, 10, 10);
    let key = key(1, "http://127.0.0.1:1/");
    let (first, _first_end) = connection().await;
    let (second, _second_end) = connection().await;
    let (first_remote, second_remote) = (first.peer().remote, second.peer().remote);
    pool.put(key.clone(), first);
    pool.put(key.clone(), second);
    assert_eq!(pool.take(&key, &here()).unwrap().peer().remote, second_remote);
    assert_eq!(pool.take(&key, &here()).unwrap().peer().remote, first_remote);
    assert!(pool.take(&key, &here()).is_none());
}

#[tokio::test]
async fn organizations_and_authorities_do_not_share() {
    let pool = pool(10, 10, 10);
    let (connection, _other_end) = connection().await;
    pool.put(key(1, "http://example.com/a"), connection);
    assert!(pool.take(&key(2, "http://example.com/a"), &here()).is_none());
    assert!(pool.take(&key(1, "https://example.com/a"), &here()).is_none());
    assert!(pool.take(&key(1, "http://example.com:81/a"), &here()).is_none());
    assert!(pool.take(&key(1, "http://example.org/a"), &here()).is_none());
    assert!(pool.take(&key(1, "http://EXAMPLE.com:80/b?c"), &here()).is_some());
}

#[tokio::test]
async fn a_connection_to_an_address_the_name_lost_is_closed() {
    let pool = pool(10, 10, 10);
    let key = key(1, "http://example.com/");
    let (connection, _other_end) = connection().await;
    pool.put(key.clone(), connection);
    assert!(pool.take(&key, &["127.0.0.2".parse().unwrap()]).is_none());
    assert!(pool.take(&key, &here()).is_none(), "it is gone, not only passed over");
    assert_eq!(pool.idle.lock().unwrap().count, 0);
}

#[tokio::test]
async fn both_bounds_hold() {
    let pool = pool(3, 2, 10);
    let (one, two) = (key(1, "http://example.com/"), key(2, "http://example.com/"));
    let mut ends = Vec::new();
    for key in [&one, &one, &one, &two, &two] {
        let (connection, end) = connection().await;
        pool.put(key.clone(), connection);
        ends.push(end);
    }
    let kept = |key: &PoolKey| pool.idle.lock().unwrap().by_key.get(key).map_or(0, Vec::len);
    assert_eq!((kept(&one), kept(&two)), (2, 1));
}

#[tokio::test]
async fn beyond_their_bound_connections_are_kept_without_a_machine() {
    let pool = pool(10, 10, 2);
    let key = key(1, "http://example.com/");
    let mut ends = Vec::new();
    for _ in 0..4 {
        let (connection, end) = connection().await;
        pool.put(key.clone(), connection);
        ends.push(end);
    }
    let awake = |count: usize| -> Vec<bool> {
        (0..count).map(|_| pool.take(&key, &here()).unwrap().is_awake()).collect()
    };
    assert_eq!(awake(4), [false, false, true, true]);
    let idle = pool.idle.lock().unwrap();
    assert_eq!((idle.count, idle.awake), (0, 0), "places return");
}

#[tokio::test(start_paused = true)]
async fn connections_past_their_time_are_not_taken_and_swept() {
    let pool = pool(10, 10, 10);
    let (one, two) = (key(1, "http://example.com/"), key(2, "http://example.com/"));
    let (old, _old_end) = connection().await;
    let (older, _older_end) = connection().await;
    pool.put(one.clone(), old);
    pool.put(two.clone(), older);
    advance(Duration::from_secs(29)).await;
    let (young, _young_end) = connection().await;
    pool.put(two.clone(), young);
    advance(Duration::from_secs(1)).await;

    assert!(pool.take(&one, &here()).is_none());
    pool.sweep();
    let idle = pool.idle.lock().unwrap();
    assert_eq!(idle.count, 1);
    assert_eq!(idle.by_key.len(), 1, "lists without connections are forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_steady_use_ends_after_an_hour() {
    let pool = pool(10, 10, 10);
    let key = key(1, "http://example.com/");
    let (mut connection, _other_end) = connection().await;
    for _ in 0..359 {
        pool.put(key.clone(), connection);
        advance(Duration::from_secs(10)).await;
        connection = pool.take(&key, &here()).unwrap();
    }
    advance(Duration::from_secs(10)).await;
    pool.put(key.clone(), connection);
    assert!(pool.take(&key, &here()).is_none());
}

#[tokio::test(start_paused = true)]
async fn sweeping_ends_with_the_pool() {
    let pool = pool(10, 10, 10);
    let sweeping = tokio::spawn(Pool::keep_swept(Arc::downgrade(&pool)));
    let (connection, _other_end) = connection().await;
    pool.put(key(1, "http://example.com/"), connection);
    tokio::time::timeout(Duration::from_secs(60), async {
        while pool.idle.lock().unwrap().count > 0 {
            advance(SWEEP_EVERY).await;
        }
    })
    .await
    .unwrap();
    drop(pool);
    tokio::time::timeout(Duration::from_secs(60), sweeping).await.unwrap().unwrap();
}
