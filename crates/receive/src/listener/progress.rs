//! How far a script has been played.

use std::collections::{HashMap, VecDeque};

/// Messages whose progress is remembered; the one seen first is forgotten beyond that.
const REMEMBERED_MESSAGES: usize = 10_000;

/// What an [`AnswerScript`](super::AnswerScript) is played for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScriptScope {
    /// Each call takes the next answer.
    #[default]
    Server,
    /// Each message, by its `webhook-id`, is answered from the start of the script, so that
    /// `500,200` fails every first attempt. Calls without that header share one progress. The last
    /// 10,000 messages are remembered.
    Message,
}

/// Counts calls, and gives the index of the answer each takes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    scope: ScriptScope,
    without_message: usize,
    by_message: HashMap<String, usize>,
    oldest_first: VecDeque<String>,
}

impl Progress {
    pub(super) fn new(scope: ScriptScope) -> Self {
        Self { scope, ..Self::default() }
    }

    pub(super) fn next(&mut self, message_id: Option<&str>) -> usize {
        let index = match message_id {
            Some(id) if self.scope == ScriptScope::Message => self.of_message(id),
            _ => &mut self.without_message,
        };
        let current = *index;
        *index = current.saturating_add(1);
        current
    }

    fn of_message(&mut self, id: &str) -> &mut usize {
        if !self.by_message.contains_key(id) {
            if self.oldest_first.len() >= REMEMBERED_MESSAGES
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.by_message.remove(&oldest);
            }
            self.oldest_first.push_back(id.to_owned());
        }
        self.by_message.entry(id.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_server_every_call_advances() {
        let mut progress = Progress::new(ScriptScope::Server);
        let calls = [Some("a"), Some("b"), None, Some("a")];
        assert_eq!(calls.map(|id| progress.next(id)), [0, 1, 2, 3]);
    }

    #[test]
    fn by_message_each_id_has_its_own_progress() {
        let mut progress = Progress::new(ScriptScope::Message);
        let calls = [Some("a"), Some("b"), None, Some("a"), None, Some("a")];
        assert_eq!(calls.map(|id| progress.next(id)), [0, 0, 0, 1, 1, 2]);
    }

    #[test]
    fn the_oldest_message_is_forgotten_beyond_the_bound() {
        let mut progress = Progress::new(ScriptScope::Message);
        for number in 0..=REMEMBERED_MESSAGES {
            progress.next(Some(&number.to_string()));
        }
        assert_eq!(progress.by_message.len(), REMEMBERED_MESSAGES);
        assert_eq!(progress.next(Some("1")), 1);
        assert_eq!(progress.next(Some("0")), 0);
    }
}
