//! Callers that wait until the turn of a delivery is durable.

use std::collections::HashMap;

use rendezhook_store::pending::DeliveryKey;
use tokio::sync::oneshot;

/// The most callers that are told at once; further ones have to look for themselves.
const MAXIMUM_WAITERS: usize = 1_024;

/// Who waits for which delivery.
#[derive(Default)]
pub(super) struct Waiters {
    by_delivery: HashMap<DeliveryKey, Vec<oneshot::Sender<()>>>,
    count: usize,
}

impl Waiters {
    /// Remembers a caller. Beyond the bound the sender is dropped, which tells the caller to look for itself.
    pub(super) fn add(&mut self, key: DeliveryKey, waiter: oneshot::Sender<()>) {
        if self.count >= MAXIMUM_WAITERS {
            self.forget_gone();
        }
        if self.count < MAXIMUM_WAITERS {
            self.by_delivery.entry(key).or_default().push(waiter);
            self.count += 1;
        }
    }

    /// Tells those who wait for this delivery.
    pub(super) fn tell(&mut self, key: DeliveryKey) {
        // Nearly always nobody waits, and this runs for every delivery.
        if self.count == 0 {
            return;
        }
        for waiter in self.by_delivery.remove(&key).unwrap_or_default() {
            self.count -= 1;
            // A caller that has given up in between needs no answer.
            let _ = waiter.send(());
        }
    }

    /// Drops callers that have given up.
    fn forget_gone(&mut self) {
        self.by_delivery.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.is_closed());
            !waiters.is_empty()
        });
        self.count = self.by_delivery.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::sequence::{ReceiverNumber, Sequence};

    use super::*;

    fn key(sequence: u64) -> DeliveryKey {
        DeliveryKey { receiver: ReceiverNumber::new(1), sequence: Sequence::new(sequence) }
    }

    #[test]
    fn tells_all_who_wait_for_a_delivery_and_nobody_else() {
        let mut waiters = Waiters::default();
        let (first, mut first_told) = oneshot::channel();
        let (second, mut second_told) = oneshot::channel();
        let (other, mut other_told) = oneshot::channel();
        waiters.add(key(1), first);
        waiters.add(key(1), second);
        waiters.add(key(2), other);
        waiters.tell(key(1));
        assert_eq!(first_told.try_recv(), Ok(()));
        assert_eq!(second_told.try_recv(), Ok(()));
        assert_eq!(other_told.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn a_full_list_makes_room_by_forgetting_who_has_gone() {
        let mut waiters = Waiters::default();
        let mut receivers = Vec::new();
        for sequence in 0..MAXIMUM_WAITERS as u64 {
            let (waiter, told) = oneshot::channel();
            waiters.add(key(sequence), waiter);
            receivers.push(told);
        }
        let (refused, mut told) = oneshot::channel();
        waiters.add(key(5_000), refused);
        assert_eq!(told.try_recv(), Err(oneshot::error::TryRecvError::Closed));

        receivers.truncate(10);
        let (taken, mut told) = oneshot::channel();
        waiters.add(key(5_000), taken);
        waiters.tell(key(5_000));
        assert_eq!(told.try_recv(), Ok(()));
        assert_eq!(waiters.count, 10);
    }
}
