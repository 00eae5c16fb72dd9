//! A request with the way back to who asked.

use tokio::sync::oneshot;

use super::turn::Turn;
use crate::error::StoreError;
use crate::sqlite::fault::{Fault, SharedFault};

/// What is sent to the writer.
pub(in crate::sqlite) enum Message {
    /// To be written.
    Job(Box<dyn Job>),
    /// The log is copied but for its end: finish it between two groups.
    FinishCheckpoint,
    /// Write what came before, then stop.
    Close,
}

/// What can be asked of the writer.
pub(in crate::sqlite) trait Work: Send + 'static {
    /// The answer.
    type Answer: Send + 'static;
    /// For the message of an error: what was being done.
    const DOING: &'static str;

    /// About how many rows it writes.
    fn rows(&self) -> usize {
        1
    }

    /// How many bytes of resources it holds while it waits.
    fn bytes(&self) -> usize {
        0
    }

    /// Writes it, or refuses with nothing written.
    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Self::Answer>, Fault>;
}

/// When an answer may be given.
pub(in crate::sqlite) enum Performed<A> {
    /// Nothing of it has to be on disk.
    AnswerNow(A),
    /// Once everything before it is on disk.
    AnswerOnceDurable(A),
}

/// Work with the way back to who asked.
pub(super) struct Asked<W: Work> {
    work: W,
    reply: Option<oneshot::Sender<Result<W::Answer, StoreError>>>,
    answer: Option<W::Answer>,
}

/// Any work, as a group sees it.
pub(in crate::sqlite) trait Job: Send {
    fn rows(&self) -> usize;
    fn bytes(&self) -> usize;
    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<(), Fault>;
    /// The group is on disk.
    fn answer(&mut self);
    /// The group failed; `committing`: only as it was being completed.
    fn fail(&mut self, fault: &SharedFault, committing: bool);
}

impl<W: Work> Asked<W> {
    pub(super) fn new(work: W) -> (Self, oneshot::Receiver<Result<W::Answer, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, reply: Some(reply), answer: None }, answer)
    }

    /// Who asked may have gone; then the answer has nowhere to go.
    fn reply(&mut self, answer: Result<W::Answer, StoreError>) {
        if let Some(reply) = self.reply.take() {
            drop(reply.send(answer));
        }
    }
}

impl<W: Work> Job for Asked<W> {
    fn rows(&self) -> usize {
        self.work.rows()
    }

    fn bytes(&self) -> usize {
        self.work.bytes()
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<(), Fault> {
        match self.work.perform(turn)? {
            Performed::AnswerNow(answer) => self.reply(Ok(answer)),
            Performed::AnswerOnceDurable(answer) => self.answer = Some(answer),
        }
        Ok(())
    }

    fn answer(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.reply(Ok(answer));
        }
    }

    fn fail(&mut self, fault: &SharedFault, committing: bool) {
        self.reply(Err(fault.to_error(W::DOING, committing)));
    }
}
