use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::*;

/// A name server on loopback that remembers what it was asked.
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<HashSet<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl NameServer {
    async fn start(records: fn(RecordType) -> Result<Vec<RData>, ResponseCode>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(HashSet::new()));
        let remembered = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut packet = [0; 1_500];
            loop {
                let (length, sender) = socket.recv_from(&mut packet).await.unwrap();
                let question = Message::from_vec(&packet[..length]).unwrap();
                let query = question.queries[0].clone();
                remembered.lock().unwrap().insert(format!("{} {}", query.name(), query.query_type()));
                let mut answer = question.into_response();
                match records(query.query_type()) {
                    Ok(records) => answer.insert_answers(
                        records
                            .into_iter()
                            .map(|data| Record::from_rdata(query.name().clone(), 7, data))
                            .collect(),
                    ),
                    Err(code) => answer.metadata.response_code = code,
                }
                socket.send_to(&answer.to_vec().unwrap(), sender).await.unwrap();
            }
        });
        Self { address, asked, task }
    }

    async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError> {
        SystemResolver::with_servers(&[self.address]).unwrap().resolve(name).await
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn both_kinds_of_address_are_asked_for_by_the_absolute_name_alone() {
    let server = NameServer::start(|kind| {
        Ok(match kind {
            RecordType::A => vec![RData::A(Ipv4Addr::new(8, 8, 8, 8).into())],
            RecordType::AAAA => vec![RData::AAAA(Ipv6Addr::LOCALHOST.into())],
            _ => Vec::new(),
        })
    })
    .await;
    let resolved = server.resolve("a_b.example").await.unwrap();
    let addresses: Vec<_> = resolved.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["8.8.8.8", "::1"], "nothing is filtered here: the guard must see it");
    assert!(resolved.time_to_live <= Duration::from_secs(7), "{:?}", resolved.time_to_live);
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, ["a_b.example. A", "a_b.example. AAAA"].map(str::to_owned).into());
}

#[tokio::test]
async fn what_name_servers_say_instead_of_addresses_is_told_apart() {
    let unknown = NameServer::start(|_| Err(ResponseCode::NXDomain)).await;
    assert!(matches!(unknown.resolve("a.example").await, Err(ResolveError::NotFound)));
    let empty = NameServer::start(|_| Ok(Vec::new())).await;
    assert!(matches!(empty.resolve("a.example").await, Err(ResolveError::NotFound)));
    let broken = NameServer::start(|_| Err(ResponseCode::ServFail)).await;
    assert!(matches!(broken.resolve("a.example").await, Err(ResolveError::Failed(_))));
}
