//! The writer's loop: group, transaction, answers, feed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::KeyEncryptionKey;
use rusqlite::Connection;

use super::group::{Background, Collector, Group};
use super::handle::WriterQueue;
use super::job::Job;
use super::turn::Turn;
use super::{cleanup, fanout, replay, timer_walk};
use crate::catalogue::Catalogue;
use crate::complaint::Complaint;
use crate::feed::{CommittedAction, FeedSender};
use crate::firing::FiringSignal;
use crate::sqlite::checkpoint::LogWatch;
use crate::sqlite::fault::{Fault, SharedFault};
use crate::sqlite::memory::Memory;
use crate::waiting::{WaitingChanges, WaitingCounts};

/// What everybody sees of the writer's memory: always what is on disk.
#[derive(Debug)]
pub(in crate::sqlite) struct Published {
    catalogue: RwLock<Arc<Catalogue>>,
    waiting: Arc<WaitingCounts>,
    highest_sequence: AtomicU64,
    firing_signal: Arc<FiringSignal>,
    replays_have_work: AtomicBool,
}

impl Published {
    pub(in crate::sqlite) fn new(memory: &Memory) -> Self {
        Self {
            catalogue: RwLock::new(Arc::clone(&memory.catalogue)),
            waiting: Arc::default(),
            highest_sequence: AtomicU64::new(memory.counters.sequence.last()),
            firing_signal: Arc::default(),
            replays_have_work: AtomicBool::new(memory.replays.have_work()),
        }
    }

    pub(in crate::sqlite) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many deliveries wait.
    pub(in crate::sqlite) fn waiting(&self) -> Arc<WaitingCounts> {
        Arc::clone(&self.waiting)
    }

    pub(in crate::sqlite) fn highest_sequence(&self) -> u64 {
        self.highest_sequence.load(Ordering::Relaxed)
    }

    pub(in crate::sqlite) fn firing_signal(&self) -> &Arc<FiringSignal> {
        &self.firing_signal
    }

    /// Whether there are replays with something left to be done.
    pub(in crate::sqlite) fn replays_have_work(&self) -> bool {
        self.replays_have_work.load(Ordering::Relaxed)
    }

    fn show(&self, memory: &Memory, written: &Written) {
        self.waiting.add(&written.waiting);
        self.highest_sequence.store(memory.counters.sequence.last(), Ordering::Relaxed);
        self.replays_have_work.store(memory.replays.have_work(), Ordering::Relaxed);
        if written.catalogue_changed {
            *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&memory.catalogue);
        }
    }
}

/// The one that writes.
pub(in crate::sqlite) struct Writer {
    connection: Connection,
    key: KeyEncryptionKey,
    memory: Memory,
    collector: Collector,
    published: Arc<Published>,
    feed: FeedSender,
    log: LogWatch,
    background: Background,
    complaint: Complaint,
}

/// A turn that failed, and whether that was only as it was being completed.
struct TurnFailure {
    fault: SharedFault,
    committing: bool,
}

impl TurnFailure {
    fn new(fault: impl Into<Fault>, committing: bool) -> Self {
        Self { fault: SharedFault::new(fault.into()), committing }
    }
}

/// What a turn brought that is still to be told.
struct Written {
    committed: Vec<CommittedAction>,
    catalogue_changed: bool,
    earliest_firing: Option<Timestamp>,
    waiting: WaitingChanges,
}

impl Writer {
    pub(in crate::sqlite) fn new(
        connection: Connection,
        key: KeyEncryptionKey,
        memory: Memory,
        queue: WriterQueue,
        published: Arc<Published>,
        feed: FeedSender,
        log: LogWatch,
    ) -> Self {
        let collector = Collector::new(queue);
        let mut writer = Self {
            connection,
            key,
            memory,
            collector,
            published,
            feed,
            log,
            background: Background::Idle,
            complaint: Complaint::default(),
        };
        writer.look_for_jobs(false);
        writer
    }

    /// Writes until the store is closed.
    pub(in crate::sqlite) fn run(mut self) {
        loop {
            let Group { jobs, finish_checkpoint, closing, .. } = self.collector.collect(self.background);
            if !jobs.is_empty() || (self.memory.has_jobs() && !closing) {
                self.turn(jobs);
            }
            if finish_checkpoint {
                self.log.finish_checkpoint(&self.connection);
            }
            if closing {
                break;
            }
        }
        self.settle();
    }

    fn turn(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let before = self.memory.clone();
        match self.write(&mut jobs) {
            Ok(written) => {
                self.published.show(&self.memory, &written);
                for job in &mut jobs {
                    job.answer();
                }
                self.tell(written);
                self.look_for_jobs(false);
                self.log.note_commit(&self.connection);
            }
            Err(failure) => {
                self.complaint.write(|before| {
                    tracing::error!(
                        error = %failure.fault,
                        requests = jobs.len(),
                        failures_before = before,
                        "a group of requests could not be written"
                    );
                });
                // After some errors SQLite has rolled back by itself; then this says so, and that is all.
                drop(self.connection.execute_batch("ROLLBACK"));
                self.memory = before;
                for job in &mut jobs {
                    job.fail(&failure.fault, failure.committing);
                }
                self.look_for_jobs(true);
                // What is copied makes room in the log, which may be all that is needed where the disk is full.
                self.log.make_room();
            }
        }
    }

    fn write(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Written, TurnFailure> {
        let connection = &self.connection;
        let execute = |statement| connection.prepare_cached(statement)?.execute([]);
        execute("BEGIN IMMEDIATE").map_err(|error| TurnFailure::new(error, false))?;
        let mut turn = Turn {
            connection,
            memory: &mut self.memory,
            key: &self.key,
            committed: Vec::new(),
            earliest_firing: None,
            waiting: WaitingChanges::default(),
        };
        perform(&mut turn, jobs, self.background).map_err(|fault| TurnFailure::new(fault, false))?;
        let Turn { committed, earliest_firing, waiting, .. } = turn;
        let catalogue_changed = self.memory.finish_draft();
        execute("COMMIT").map_err(|error| TurnFailure::new(error, true))?;
        Ok(Written { committed, catalogue_changed, earliest_firing, waiting })
    }

    /// Deliveries first: they were matched by the catalogue before the change, or by it.
    fn tell(&self, written: Written) {
        if !written.committed.is_empty() {
            self.feed.committed(written.committed);
        }
        if let Some(due_at) = written.earliest_firing {
            self.published.firing_signal.committed(due_at);
        }
        if written.catalogue_changed {
            self.feed.catalogue_changed();
        }
    }

    fn look_for_jobs(&mut self, failed: bool) {
        self.background = match (self.memory.has_jobs(), failed) {
            (false, _) => Background::Idle,
            (true, false) => Background::Working,
            (true, true) => Background::Resting,
        };
    }

    /// Leaves the database in one file, without reserved numbers.
    fn settle(mut self) {
        let settled = self.memory.counters.settle(&self.connection);
        if let Err(error) = settled {
            tracing::warn!(error = %error, "some numbers will be left out after the next start");
        }
        self.log.finish_at_close(&self.connection);
    }
}

fn perform(turn: &mut Turn<'_>, jobs: &mut [Box<dyn Job>], background: Background) -> Result<(), Fault> {
    if background != Background::Idle {
        fanout::step(turn)?;
        cleanup::step(turn)?;
        timer_walk::step(turn)?;
    }
    for job in jobs {
        job.perform(turn)?;
    }
    replay::write_ends(turn)?;
    turn.memory.counters.reserve(turn.connection)?;
    Ok(())
}
