//! Taking what is waiting: the requests of one transaction.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::handle::WriterQueue;
use super::job::{Job, Message};
use super::{BYTES_A_TURN, JOB_ROWS_A_TURN, ROWS_A_TURN};

/// How long a job that nobody waits for rests after a turn failed.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What is taken together.
#[derive(Default)]
pub(super) struct Group {
    pub(super) jobs: Vec<Box<dyn Job>>,
    pub(super) finish_checkpoint: bool,
    /// Nothing comes after this group.
    pub(super) closing: bool,
    rows: usize,
    bytes: usize,
}

impl Group {
    fn add(&mut self, job: Box<dyn Job>) {
        self.rows += job.rows();
        self.bytes += job.bytes();
        self.jobs.push(job);
    }

    /// A first job always has room.
    fn has_room_for(&self, job: &dyn Job, rows: usize) -> bool {
        self.jobs.is_empty() || (self.rows + job.rows() <= rows && self.bytes + job.bytes() <= BYTES_A_TURN)
    }
}

/// Whether there is work that nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    Idle,
    Working,
    /// There is, but the last turn failed.
    Resting,
}

/// Takes messages off the queue.
pub(super) struct Collector {
    queue: WriterQueue,
    /// Found no room in the last group.
    carried: Option<Box<dyn Job>>,
}

impl Collector {
    pub(super) const fn new(queue: WriterQueue) -> Self {
        Self { queue, carried: None }
    }

    /// Waits for a first request, unless there is other work, and takes what else is waiting as far as a turn has room.
    pub(super) fn collect(&mut self, background: Background) -> Group {
        let mut group = Group::default();
        let limit = match background {
            Background::Idle => ROWS_A_TURN,
            Background::Working | Background::Resting => ROWS_A_TURN - JOB_ROWS_A_TURN,
        };
        if let Some(carried) = self.carried.take() {
            group.add(carried);
        } else if background != Background::Working {
            self.wait(background, &mut group);
        }
        while group.rows < limit && !group.closing {
            match self.queue.messages.try_recv() {
                Ok(Message::Job(job)) => {
                    self.queue.load.taken(&*job);
                    if !group.has_room_for(&*job, limit) {
                        self.carried = Some(job);
                        break;
                    }
                    group.add(job);
                }
                Ok(Message::FinishCheckpoint) => group.finish_checkpoint = true,
                Ok(Message::Close) | Err(TryRecvError::Disconnected) => group.closing = true,
                Err(TryRecvError::Empty) => {
                    // The message may have found no room when the store was told to close.
                    group.closing = self.queue.load.is_closing();
                    break;
                }
            }
        }
        group
    }

    fn wait(&self, background: Background, group: &mut Group) {
        let message = match background {
            Background::Resting => match self.queue.messages.recv_timeout(REST_AFTER_FAILURE) {
                Err(RecvTimeoutError::Timeout) => return,
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Disconnected) => None,
            },
            Background::Idle | Background::Working => self.queue.messages.recv().ok(),
        };
        match message {
            Some(Message::Job(job)) => {
                self.queue.load.taken(&*job);
                group.add(job);
            }
            Some(Message::FinishCheckpoint) => group.finish_checkpoint = true,
            Some(Message::Close) | None => group.closing = true,
        }
    }
}
