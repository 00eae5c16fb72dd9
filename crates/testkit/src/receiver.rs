//! Receivers that misbehave on order, and write everything they get into the books of their organization.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rendezhook_receive::signature::Verifier;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::agenda::{Appointment, Telling, Way};
use crate::backfiller::ARCHIVED;
use crate::backfills::{self, Message};
use crate::books::Books;
use crate::ledger::{ActionName, Arrival};
use crate::repetitions::Repeated;

/// The longest request body that is read, in bytes.
const MAXIMUM_BODY: usize = 1024 * 1024;

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behaviour {
    /// Answers 204 at once.
    Healthy,
    /// Answers 500 to the first attempt of every delivery.
    FailsFirst,
    /// Answers 500 with this chance, from 0 to 1.
    FailsByChance(f64),
    /// Answers 204 after this time.
    Late(Duration),
    /// Takes the request and hangs up without an answer with this chance, from 0 to 1. A lost connection says something about the
    /// endpoint as a whole: with too great a chance its breaker opens, and for a while nothing is sent.
    HangsUpByChance(f64),
}

/// A receiver on loopback. It runs until the process ends.
#[derive(Debug, Clone)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    number: usize,
    behaviour: Behaviour,
    books: Books,
    verifier: Mutex<Option<Verifier>>,
    seen: Mutex<HashSet<String>>,
    random: Mutex<ChaCha8Rng>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("number", &self.number)
            .field("behaviour", &self.behaviour)
            .finish()
    }
}

/// Takes the lock; a panic elsewhere has ended the run anyway.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    /// Starts a receiver on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        number: usize,
        behaviour: Behaviour,
        books: Books,
        seed: u64,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            number,
            behaviour,
            books,
            verifier: Mutex::new(None),
            seen: Mutex::default(),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Ok(Self { address, state })
    }

    /// Verifies signatures with this from now on; before, nothing counts as verified.
    pub fn verify_with(&self, verifier: Verifier) {
        *locked(&self.state.verifier) = Some(verifier);
    }

    /// Its target URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/receiver-{}", self.address, self.state.number)
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    // An error here is the sender's end of the connection, which kills bring about all the time.
    let _ended = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, Arc::clone(&state)));
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The receiver hangs up: hyper closes the connection when a service fails.
#[derive(Debug, thiserror::Error)]
#[error("the receiver hangs up")]
struct HangUp;

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, HangUp> {
    let came_at = Timestamp::now();
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAXIMUM_BODY).collect().await.map_err(|_incomplete| HangUp)?.to_bytes();
    let webhook_id =
        head.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let first = locked(&state.seen).insert(webhook_id.clone());
    if let Behaviour::Late(delay) = state.behaviour {
        tokio::time::sleep(delay).await;
    }
    let accepted = match state.behaviour {
        Behaviour::Healthy | Behaviour::Late(_) => true,
        Behaviour::FailsFirst => !first,
        Behaviour::FailsByChance(chance) | Behaviour::HangsUpByChance(chance) => {
            !locked(&state.random).random_bool(chance)
        }
    };
    let verified = locked(&state.verifier)
        .as_ref()
        .is_some_and(|verifier| verifier.verify(&head.headers, &body, Timestamp::now()).is_ok());
    let judged = Judged { came_at, webhook_id, accepted, verified };
    note(&state, &head, judged, &body);
    match (accepted, state.behaviour) {
        (true, _) => respond(StatusCode::NO_CONTENT).map_err(|never| match never {}),
        (false, Behaviour::HangsUpByChance(_)) => Err(HangUp),
        (false, _) => respond(StatusCode::INTERNAL_SERVER_ERROR).map_err(|never| match never {}),
    }
}

fn respond(status: StatusCode) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

/// What a receiver makes of a request, whatever it carries.
struct Judged {
    came_at: Timestamp,
    webhook_id: String,
    accepted: bool,
    verified: bool,
}

/// Writes a request into the book in which it belongs, by its own word.
fn note(state: &State, head: &Parts, judged: Judged, body: &[u8]) {
    let Judged { came_at, webhook_id, accepted, verified } = judged;
    let says = |name: &str, value: &str| head.headers.get(name).is_some_and(|said| said == value);
    let body = serde_json::from_slice::<Value>(body).ok();
    let kills = locked(&state.books.ledger).kills();
    if says("webhook-replay", "true") && says("webhook-trigger", "replay") {
        locked(&state.books.repetitions).arrived(Repeated {
            webhook_id,
            at: came_at,
            accepted,
            verified,
            kills,
        });
        return;
    }
    if says("webhook-trigger", "timer") {
        let mut agenda = locked(&state.books.agenda);
        match body.as_ref().and_then(plan_of) {
            Some((appointment, place, due_at)) => agenda.told(Telling {
                appointment,
                place,
                due_at,
                arrived_at: Timestamp::now(),
                webhook_id,
                accepted,
                verified,
                kills,
            }),
            None => agenda.told_unreadable(),
        }
        return;
    }
    if let Some(message) = body.as_ref().and_then(message_of) {
        locked(&state.books.backfills).arrived(backfills::Arrival {
            subscription: subscription_of(head.uri.path()),
            message,
            says_backfill: says("webhook-trigger", "backfill"),
            webhook_id,
            accepted,
            verified,
            kills,
        });
        return;
    }
    let mut ledger = locked(&state.books.ledger);
    match body.as_ref().and_then(action_of) {
        Some(action) => {
            ledger.arrived(Arrival { receiver: state.number, webhook_id, action, accepted, verified, kills });
        }
        None => ledger.arrived_unreadable(),
    }
}

/// Finds the agenda's mark in what was told at its time, and when it was due.
fn plan_of(body: &Value) -> Option<(Appointment, usize, Timestamp)> {
    let way = match body.get("type")?.as_str()? {
        "event.starting" => Way::Timer,
        "event.reminder" => Way::Later,
        _ => return None,
    };
    let mark = body.pointer("/data/resource/agenda")?;
    let number = mark.get("number")?.as_u64()?;
    let place = usize::try_from(mark.get("place")?.as_u64()?).ok()?;
    let due_at = body.get("timestamp")?.as_str()?.parse().ok()?;
    Some((Appointment { way, number }, place, due_at))
}

/// Finds the mark of a message of the source.
fn message_of(body: &Value) -> Option<Message> {
    if body.get("type")?.as_str()? != ARCHIVED {
        return None;
    }
    let mark = body.pointer("/data/resource/archive")?;
    Some(Message { resource: mark.get("resource")?.as_u64()?, place: mark.get("place")?.as_u64()? })
}

/// Which subscription a path belongs to: those of new subscriptions have one more part, their number.
fn subscription_of(path: &str) -> u64 {
    path.trim_start_matches('/')
        .split_once('/')
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or_default()
}

/// Finds the ledger's mark in a delivery of either dialect.
fn action_of(body: &Value) -> Option<ActionName> {
    let resource = body.pointer("/data/resource").or_else(|| body.pointer("/0/resource"))?;
    let mark = resource.get("ledger")?;
    let place = u32::try_from(mark.get("place")?.as_u64()?).ok()?;
    Some(ActionName { resource: mark.get("resource")?.as_u64()?, place })
}
