//! A name server that says what a script says, over UDP and TCP on the same port of loopback.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

/// The longest answer over UDP that every client takes (RFC 1035, section 4.2.1). Longer ones say: ask over TCP.
const LONGEST_OVER_UDP: usize = 512;

/// A question as scripts see it: the name with its final dot, the kind, and how often it was asked, this time included.
pub(crate) struct Question<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: RecordType,
    pub(crate) time: usize,
}

/// How often each name was asked for each kind.
type Asked = Arc<Mutex<HashMap<(String, RecordType), usize>>>;

/// Answers hold for no time at all.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    asked: Asked,
    tasks: [JoinHandle<()>; 2],
}

impl NameServer {
    pub(crate) async fn start(script: impl Fn(&Question<'_>) -> Vec<RData> + Send + Sync + 'static) -> Self {
        // The port of the one must be free for the other.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).await.unwrap();
        let asked = Asked::default();
        let answer = {
            let asked = Arc::clone(&asked);
            Arc::new(move |packet: &[u8], longest: usize| answer(&script, &asked, packet, longest))
        };
        let over_tcp = Arc::clone(&answer);
        let tasks = [
            tokio::spawn(async move {
                let mut packet = [0; 1_500];
                loop {
                    let (length, sender) = socket.recv_from(&mut packet).await.unwrap();
                    socket.send_to(&answer(&packet[..length], LONGEST_OVER_UDP), sender).await.unwrap();
                }
            }),
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let length = stream.read_u16().await.unwrap();
                    let mut packet = vec![0; usize::from(length)];
                    stream.read_exact(&mut packet).await.unwrap();
                    let answer = over_tcp(&packet, usize::from(u16::MAX));
                    stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            }),
        ];
        Self { address, asked, tasks }
    }

    /// How often a name was asked for one kind.
    pub(crate) fn asked(&self, name: &str, kind: RecordType) -> usize {
        self.asked.lock().unwrap().get(&(name.to_owned(), kind)).copied().unwrap_or(0)
    }

    /// How many questions there were.
    pub(crate) fn questions(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn answer(
    script: &impl Fn(&Question<'_>) -> Vec<RData>,
    asked: &Asked,
    packet: &[u8],
    longest: usize,
) -> Vec<u8> {
    let question = Message::from_vec(packet).unwrap();
    let query = question.queries[0].clone();
    let (name, kind) = (query.name().to_lowercase().to_string(), query.query_type());
    let time = {
        let mut asked = asked.lock().unwrap();
        let count = asked.entry((name.clone(), kind)).or_default();
        *count += 1;
        *count
    };
    let data = script(&Question { name: &name, kind, time });
    let mut truncated = question.into_response();
    let mut whole = truncated.clone();
    whole.insert_answers(
        data.into_iter().map(|data| Record::from_rdata(query.name().clone(), 0, data)).collect(),
    );
    let whole = whole.to_vec().unwrap();
    if whole.len() <= longest {
        return whole;
    }
    truncated.metadata.truncation = true;
    truncated.to_vec().unwrap()
}
