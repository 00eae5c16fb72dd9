//! Fires what has waited for its time: timers of resources, and what was published to be delivered later.
//!
//! One loop asks the store what is due, has intake commit it, and sleeps until the next is due. It keeps nothing that the store does
//! not know, so that a restart costs nothing: what came due in between is found due. Firing goes through [`Intake::fire`], which
//! ends a firing in the transaction of its action; two loops that fire the same one commit it once.
//!
//! It asks again after [`LONGEST_SLEEP`] at the latest, so that a clock that was set anew is noticed, and at once when the store
//! commits a firing that is earlier than what it waits for. Many that are due together are committed [`MAXIMUM_TOGETHER`] at a
//! time, so that they share the store with publishers; and however many an organization has, the others have their turns between.

mod round;

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use rendezhook_intake::Intake;
use rendezhook_store::Store;
use rendezhook_store::complaint::Complaint;
use tokio::time::sleep;

use self::round::Ended;

/// For how long the loop sleeps at most.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// For how long it rests while it is held, and after something could not be fired.
const PAUSE: Duration = Duration::from_secs(1);
/// How many firings are committed at the same time.
pub const MAXIMUM_TOGETHER: usize = 32;

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whether nothing may fire for the moment.
pub type Held = Arc<dyn Fn() -> bool + Send + Sync>;

/// The loop that fires what is due.
pub struct Timers {
    store: Arc<dyn Store>,
    intake: Arc<Intake>,
    now: Now,
    held: Held,
}

impl Timers {
    /// A loop over everything that this store knows. `intake` commits to the same store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, intake: Arc<Intake>, now: Now) -> Self {
        Self { store, intake, now, held: Arc::new(|| false) }
    }

    /// The same, firing nothing while `held` says so: because the clock is in doubt, and what is fired cannot be taken back. What
    /// comes due in between is fired, or skipped, afterwards.
    #[must_use]
    pub fn held_while(mut self, held: Held) -> Self {
        self.held = held;
        self
    }

    /// Fires what is due until `shutdown` is ready. What is being committed then is committed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let signal = self.store.firing_signal();
        let mut complaint = Complaint::default();
        loop {
            signal.wait_until(None);
            let ended = tokio::select! {
                () = &mut shutdown => return,
                ended = self.round(&mut complaint) => ended,
            };
            let rest = match ended {
                Ended::NextDue(next_due) => {
                    signal.wait_until(next_due);
                    self.until(next_due)
                }
                Ended::Held | Ended::Failed => {
                    signal.wait_until(Some(Timestamp::EARLIEST));
                    PAUSE
                }
            };
            tokio::select! {
                () = &mut shutdown => return,
                () = signal.earlier() => {}
                () = sleep(rest) => {}
            }
        }
    }

    /// How long the loop may sleep when the next firing is due then.
    fn until(&self, next_due: Option<Timestamp>) -> Duration {
        let due_in = next_due.map(|due_at| due_at.since((self.now)()));
        due_in.map_or(LONGEST_SLEEP, |due_in| due_in.min(LONGEST_SLEEP))
    }
}
