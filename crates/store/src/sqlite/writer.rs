//! The one thread that writes.
//!
//! It takes the requests that are waiting, up to about 2,000 rows, writes them in one transaction, waits until that is on
//! disk, answers them all and hands the deliveries to the feed. A request checks everything before it writes anything, so
//! that a refused one leaves nothing behind for its neighbours.

mod certificate;
mod cleanup;
mod detached;
mod fanout;
mod firing;
mod fold;
mod group;
mod handle;
mod health;
mod idempotency;
mod job;
mod notice;
mod publish;
mod record;
mod replay;
mod requests;
mod retain;
mod rows;
mod skip;
mod thread;
mod timer_walk;
mod turn;

pub(super) use self::detached::DetachedWork;
pub(super) use self::handle::WriterHandle;
pub(super) use self::health::HealthWork;
pub(super) use self::job::Message;
pub(super) use self::publish::PublishWork;
pub(super) use self::record::RecordWork;
pub(super) use self::replay::{AdvanceReplaysWork, CancelReplayWork, CreateReplayWork};
pub(super) use self::requests::{CancelScheduledWork, ChangeWork, CheckWork};
pub(super) use self::retain::RetainWork;
pub(super) use self::skip::SkipWork;
pub(super) use self::thread::{Published, Writer};
pub(super) use self::timer_walk::begin as begin_timer_walk;
pub(super) use self::turn::Turn;

/// About how many rows a turn writes at most, so that nobody waits long for the next one.
const ROWS_A_TURN: usize = 2_000;
/// About how many bytes of resources a turn writes at most, so that the log cannot grow much in one turn.
const BYTES_A_TURN: usize = 8 * 1024 * 1024;
/// How many rows of a job that nobody waits for a turn writes at most.
const JOB_ROWS_A_TURN: usize = 1_000;
