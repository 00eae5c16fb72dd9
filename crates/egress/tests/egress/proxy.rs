//! Requests through the operator's proxy, and what can go wrong with it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rendezhook_domain::cause::{Cause, Fault};
use rendezhook_domain::target::AddressRule;
use rendezhook_egress::resolve::{Resolve, ResolveError, Resolved};
use rendezhook_egress::{Egress, EgressSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::authority::{Authority, named, receiver};
use crate::support::{
    FixedResolver, PATIENCE, Receiver, SHORT, answered, failed, loopback_resolver, loopback_settings, post,
};

/// A proxy that notes what it is asked and answers with a fixed head. After a head of success it tunnels to the port it was asked
/// for on loopback, whatever the name was.
struct Tunneller {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Tunneller {
    async fn answering(head: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, head, Arc::clone(&notes)));
            }
        });
        Self { address, asked, task }
    }

    async fn working() -> Self {
        Self::answering("HTTP/1.1 200 Connection established\r\nvia: 1.1 proxy\r\n\r\n").await
    }

    /// An egress that goes through it.
    fn egress(&self, settings: EgressSettings, resolver: Arc<dyn Resolve>) -> Egress {
        let proxy = format!("http://rendezhook:s3cret@{}", self.address).parse().unwrap();
        Egress::new(EgressSettings { proxy: Some(proxy), ..settings }, resolver).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Tunneller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, head: &'static str, notes: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let request = String::from_utf8(request).unwrap();
    let port: u16 = request.split([' ', ':']).nth(2).unwrap().parse().unwrap();
    notes.lock().unwrap().push(request);
    if stream.write_all(head.as_bytes()).await.is_err() || !head.starts_with("HTTP/1.1 200") {
        // Closing with nothing unread ends the connection in order.
        return;
    }
    if let Ok(mut receiver) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
        let _ = copy_bidirectional(&mut stream, &mut receiver).await;
    }
}

/// Knows no name, as in a network without a way out.
struct NoNames(AtomicUsize);

#[async_trait::async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _name: &str) -> Result<Resolved, ResolveError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(ResolveError::Failed("no way out".into()))
    }
}

#[tokio::test]
async fn requests_go_through_it_and_connections_are_kept() {
    let authority = Authority::new();
    let secure = receiver(authority.server(named("a.example"))).await;
    let plain = Receiver::start(|conversation| conversation.answer_all()).await;
    let proxy = Tunneller::working().await;
    let settings = EgressSettings { plain_http: true, ..authority.settings() };
    for resolver in [loopback_resolver() as Arc<dyn Resolve>, Arc::new(NoNames(AtomicUsize::new(0)))] {
        let before = proxy.asked().len();
        let egress = proxy.egress(settings.clone(), resolver);
        for (scheme, port) in [("https", secure.address.port()), ("http", plain.address.port())] {
            for reused in [false, true] {
                let report = egress.send(&post(&format!("{scheme}://a.example:{port}/")), PATIENCE).await;
                assert_eq!(report.reused_connection, reused);
                assert_eq!(report.remote_address, Some(proxy.address));
                assert_eq!(answered(report).body, "ok");
            }
            let asked = proxy.asked().pop().unwrap();
            // printf 'rendezhook:s3cret' | base64
            let credentials = "Proxy-Authorization: Basic cmVuZGV6aG9vazpzM2NyZXQ=\r\n";
            assert!(
                asked
                    .starts_with(&format!("CONNECT a.example:{port} HTTP/1.1\r\nHost: a.example:{port}\r\n"))
            );
            assert!(asked.contains(credentials), "{asked}");
        }
        assert_eq!(proxy.asked().len(), before + 2);
    }
}

#[tokio::test]
async fn what_the_guard_denies_is_not_asked_for() {
    let proxy = Tunneller::working().await;
    let inside = Arc::new(FixedResolver(vec!["8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap()]));
    let egress = proxy.egress(EgressSettings::new(AddressRule::public()), inside);
    let unknown =
        proxy.egress(EgressSettings::new(AddressRule::public()), Arc::new(NoNames(AtomicUsize::new(0))));
    for (egress, url) in [
        (&egress, "https://a.example/"),
        (&egress, "https://127.0.0.1/"),
        (&egress, "https://localhost/"),
        (&egress, "https://[::ffff:169.254.169.254]/"),
        // Nobody knows where this leads, and plain http goes to loopback only.
        (&unknown, "http://a.example/"),
    ] {
        assert_eq!(failed(egress.send(&post(url), PATIENCE).await), Cause::AddressNotAllowed, "{url}");
    }
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn loopback_is_reached_directly_where_it_is_allowed() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let proxy = Tunneller::working().await;
    let egress = proxy.egress(loopback_settings(), loopback_resolver());
    let report = egress.send(&post(&receiver.url("/")), PATIENCE).await;
    assert_eq!(report.remote_address, Some(receiver.address));
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn its_faults_are_told_from_those_of_the_receiver() {
    let url = "https://a.example/";
    for (head, cause) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Cause::ProxyRefused),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
            Cause::ProxyRefused,
        ),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad", Cause::ProxyFailed),
        ("HTTP/1.1 504 Gateway Timeout\r\n\r\n", Cause::ProxyFailed),
        ("HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1/\r\n\r\n", Cause::ProxyFailed),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Cause::ProxyFailed),
        ("", Cause::ProxyFailed),
        ("HTTP/1.1 2", Cause::ProxyFailed),
    ] {
        let proxy = Tunneller::answering(head).await;
        let egress = proxy.egress(loopback_settings(), loopback_resolver());
        let report = egress.send(&post(url), PATIENCE).await;
        assert!(report.remote_address.is_none(), "nothing was reached");
        assert_eq!(failed(report), cause, "{head}");
        assert_eq!(proxy.asked().len(), 1, "it is asked once an attempt");
    }
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let settings = EgressSettings { proxy: Some(proxy.parse().unwrap()), ..loopback_settings() };
    let egress = Egress::new(settings, loopback_resolver()).unwrap();
    assert_eq!(failed(egress.send(&post(url), PATIENCE).await), Cause::ProxyUnreachable);

    for cause in [Cause::ProxyUnreachable, Cause::ProxyRefused, Cause::ProxyFailed] {
        assert_eq!(cause.fault(), Fault::Us);
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing_or_too_much_is_bounded() {
    let endless = Receiver::start(|mut conversation| async move {
        conversation.write("HTTP/1.1 200 OK\r\n").await;
        while conversation.write("x-more: 1\r\n").await {}
    })
    .await;
    let silent = Receiver::start(|conversation| conversation.wait_for_close()).await;
    for (proxy, limit) in [(&endless, PATIENCE), (&silent, SHORT)] {
        let proxy = format!("http://{}", proxy.address).parse().unwrap();
        let settings = EgressSettings { proxy: Some(proxy), ..loopback_settings() };
        let egress = Egress::new(settings, loopback_resolver()).unwrap();
        assert_eq!(failed(egress.send(&post("https://a.example/"), limit).await), Cause::ProxyFailed);
    }
}

#[tokio::test]
async fn faults_of_the_receiver_stay_its_own_behind_a_proxy() {
    let authority = Authority::new();
    let proxy = Tunneller::working().await;
    let egress = proxy.egress(authority.settings(), loopback_resolver());
    let other_name = receiver(authority.server(named("b.example"))).await;
    let closing = Receiver::start(|_| async {}).await;
    for (receiver, cause) in [(&other_name, Cause::TlsNameMismatch), (&closing, Cause::TlsReset)] {
        let url = format!("https://a.example:{}/", receiver.address.port());
        assert_eq!(failed(egress.send(&post(&url), PATIENCE).await), cause);
        assert_eq!(cause.fault(), Fault::Receiver);
    }
}

/// Set for the process in which the environment names proxies.
const CHILD: &str = "RENDEZHOOK_TEST_WITH_PROXIES_IN_ENVIRONMENT";

#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    if std::env::var_os(CHILD).is_none() {
        // The environment of a process is given to it by the one that starts it.
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "proxy::proxies_of_the_environment_are_ignored", "--nocapture"])
            .env(CHILD, "1");
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            // Nobody listens on port 1.
            child.env(name, "http://127.0.0.1:1").env(name.to_lowercase(), "http://127.0.0.1:1");
        }
        let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let authority = Authority::new();
    let secure = receiver(authority.server(named("a.example"))).await;
    let url = format!("https://a.example:{}/", secure.address.port());
    let report = authority.trusted().send(&post(&url), Duration::from_secs(10)).await;
    assert_eq!(report.remote_address, Some(secure.address));
    assert_eq!(answered(report).body, "ok");
}
