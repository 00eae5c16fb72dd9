//! Access tokens from token endpoints that behave and misbehave.
//!
//! The clock stands still but for what a test advances it by, so no test depends on how busy the machine is.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_egress::{
    AccessToken, Egress, EgressSettings, TokenCache, TokenCacheSettings, TokenFailure, TokenProblem,
    TokenRequest,
};
use rendezhook_secrets::SharedSecret;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::advance;

use crate::support::{PATIENCE, Receiver, egress, hold_clock, loopback_settings};

mod failing;
mod fetching;

/// A token endpoint that counts what it is asked, tells of it, and answers what the script says.
struct TokenEndpoint {
    receiver: Receiver,
    asked: mpsc::UnboundedReceiver<String>,
    /// One permit lets one answer go out.
    gate: Arc<Semaphore>,
}

impl TokenEndpoint {
    /// Answers the first request with `script(1)`, the second with `script(2)` and so on, each once the gate lets it.
    async fn gated(script: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        let (seen, asked) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let (script, count, passing) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), Arc::clone(&gate));
        let receiver = Receiver::start(move |mut conversation| {
            let (seen, script, count, passing) =
                (seen.clone(), Arc::clone(&script), Arc::clone(&count), Arc::clone(&passing));
            async move {
                while let Some(request) = conversation.read_request().await {
                    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                    // The test may be over.
                    let _ = seen.send(request);
                    passing.acquire().await.unwrap().forget();
                    conversation.write(script(number)).await;
                }
            }
        })
        .await;
        Self { receiver, asked, gate }
    }

    /// Answers at once.
    async fn open(script: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        let endpoint = Self::gated(script).await;
        endpoint.gate.add_permits(1_000);
        endpoint
    }

    fn request(&self) -> TokenRequest {
        request(&self.receiver.url("/token?tenant=1"))
    }

    fn requests(&self) -> usize {
        self.receiver.requests()
    }
}

const SECRET: &str = "hunter2-secret";

fn request(url: &str) -> TokenRequest {
    TokenRequest {
        endpoint: TargetUrl::parse(url, &TargetPolicy::stored()).unwrap(),
        client_id: String::from("client-1"),
        client_secret: SharedSecret::new(String::from(SECRET)),
        grant_type: String::from("client_credentials"),
        scope: None,
    }
}

/// A 200 with this JSON.
fn answer(json: impl AsRef<str>) -> String {
    response("200 OK", json.as_ref())
}

fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The token `token-<number>`, good for an hour.
fn numbered(number: usize) -> String {
    answer(format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#))
}

fn cache() -> TokenCache {
    TokenCache::new(Arc::new(egress()), TokenCacheSettings::default())
}

fn organization(number: u32) -> OrganizationNumber {
    OrganizationNumber::new(number)
}

async fn ask(cache: &TokenCache, request: &TokenRequest) -> Result<AccessToken, TokenFailure> {
    cache.token(organization(1), request, PATIENCE).await
}

/// The text of the token of organization 1.
async fn token(cache: &TokenCache, request: &TokenRequest) -> String {
    ask(cache, request).await.unwrap().expose().to_owned()
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<AccessToken, TokenFailure>> + Send + 'a>>;

/// Somebody who asked and has no answer yet.
async fn begin<'a>(
    asking: impl Future<Output = Result<AccessToken, TokenFailure>> + Send + 'a,
) -> Waiting<'a> {
    let mut asking: Waiting<'a> = Box::pin(asking);
    let is_waiting = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context).is_pending())).await;
    assert!(is_waiting, "there was an answer at once");
    asking
}
